package redis

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// exporterUser reads the server's statistics and no key.
const exporterUser = "exporter"

// clientCommands is what a use may do with its keys. Not among it is what reaches beyond them: listing keys
// and channels, emptying databases, scripts and functions that others rely on, and administration.
const clientCommands = "+@read +@write +@connection +@transaction +@pubsub +@scripting " +
	"-@dangerous -@admin -scan -randomkey -dbsize -pubsub -function -script +script|load +script|exists"

// exporterCommands is what redis_exporter asks for when CONFIG and keys are switched off.
const exporterCommands = "+ping +info +client|setname +slowlog|len +latency|latest +latency|histogram"

// Users returns the ACL file of a server: the hash of each password, never the password.
func Users(uses []Use, passwords map[string]string) string {
	var out strings.Builder
	// Probes need no password, and nobody else gets anywhere without one.
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
