package stacks

import "time"

// RestoreBeside returns the arguments of kubectl that restore a database of the stack to a time, beside the present one.
func RestoreBeside(database string, at time.Time) []string {
	return []string{
		"-n", namespaceData, "exec", "postgresql-0", "-c", "postgresql", "--",
		"/etc/postgresql-config/restore.sh", "--beside", database, at.UTC().Format(time.RFC3339),
	}
}
