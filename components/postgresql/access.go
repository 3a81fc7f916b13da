package postgresql

import (
	"fmt"
	"strings"
)

// superuser can connect by the container's Unix socket only.
const superuser = "postgres"

// HostBasedAccess returns pg_hba.conf, which refuses everyone who is not listed. Both pg_hba.conf and the databases'
// privileges (provision.sh) restrict each role to its own database.
func HostBasedAccess(monitor string, databases []Database) string {
	var out strings.Builder
	line := func(kind, database, user, address, method string) {
		fmt.Fprintf(&out, "%-6s %-24s %-24s %-14s %s\n", kind, database, user, address, method)
	}
	out.WriteString("# The account of the operating system authenticates clients of the socket.\n")
	line("local", "all", superuser, "", "peer map=server")
	out.WriteString("# The superuser cannot connect remotely.\n")
	line("host", "all", superuser, "all", "reject")
	out.WriteString("# The exporter is in the same pod.\n")
	line("host", "postgres", monitor, "127.0.0.1/32", "scram-sha-256")
	for _, d := range databases {
		line("host", d.Name, d.Owner, "all", "scram-sha-256")
		line("host", d.Name, d.dumpRole(), "all", "scram-sha-256")
		for _, c := range d.Clients {
			line("host", d.Name, c.Role, "all", "scram-sha-256")
		}
	}
	return out.String()
}

// IdentMap returns pg_ident.conf, which maps the server's account to the superuser.
func IdentMap(account string) string { return fmt.Sprintf("server %s %s\n", account, superuser) }

// DatabaseTable returns the table of databases for the scripts.
func DatabaseTable(databases []Database) string {
	var out strings.Builder
	for _, d := range databases {
		fmt.Fprintf(&out, "%s %s %d\n", d.Name, d.Owner, connectionLimit(d.Connections))
	}
	return out.String()
}

// ClientTable returns the table of clients for the scripts.
func ClientTable(databases []Database) string {
	var out strings.Builder
	for _, d := range databases {
		for _, c := range d.Clients {
			fmt.Fprintf(&out, "%s %s %d\n", d.Name, c.Role, connectionLimit(c.Connections))
		}
	}
	return out.String()
}

func connectionLimit(connections int) int {
	if connections == 0 {
		return -1 // PostgreSQL's "no limit"
	}
	return connections
}
