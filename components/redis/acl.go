package redis

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// exporterUser can read the server's statistics but no key.
const exporterUser = "exporter"

// clientCommands are the commands of a use. They exclude all that affects other keys: listing keys and channels, flushing
// databases, deleting scripts and functions, and administration.
const clientCommands = "+@read +@write +@connection +@transaction +@pubsub +@scripting " +
	"-@dangerous -@admin -scan -randomkey -dbsize -pubsub -function -script +script|load +script|exists"

// exporterCommands are the commands of redis_exporter if it exports neither CONFIG nor keys.
const exporterCommands = "+ping +info +client|setname +slowlog|len +latency|latest +latency|histogram"

// Users returns the ACL file of a server, with hashes in place of passwords.
func Users(uses []Use, passwords map[string]string) string {
	var out strings.Builder
	// The probes use the default user, which can only PING and needs no password.
	out.WriteString("user default reset on nopass +ping\n")
	fmt.Fprintf(&out, "user %s reset on #%s %s\n", exporterUser, hash(passwords[exporterUser]), exporterCommands)
	for _, u := range uses {
		rules := []string{"user", u.Name, "reset", "on", "#" + hash(passwords[u.Name])}
		for _, pattern := range u.Keys {
			rules = append(rules, "~"+pattern)
		}
		for _, pattern := range u.Channels {
			rules = append(rules, "&"+pattern)
		}
		rules = append(rules, clientCommands)
		rules = append(rules, u.Commands...)
		out.WriteString(strings.Join(rules, " ") + "\n")
	}
	return out.String()
}

func hash(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}
