package stacks

// Places in the container of the database server.
const (
	// DatabaseScripts is the folder of the scripts.
	DatabaseScripts = "/etc/postgresql-config"
	// DatabaseDumps is the folder of the dumps.
	DatabaseDumps = "/backups"
)

// InDatabaseServer returns the arguments of kubectl that run a command in the container of the database server.
func InDatabaseServer(command ...string) []string {
	return append([]string{"-n", namespaceData, "exec", "-i", serverPostgreSQL + "-0", "-c", "postgresql", "--"}, command...)
}
