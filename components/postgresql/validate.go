package postgresql

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	_ "time/tzdata" // for hosts without a time zone database

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/validation"
)

// validName matches names of databases and roles that need no quotes in SQL and, with "-" for "_", are Kubernetes names.
var validName = regexp.MustCompile(`^[a-z]([a-z0-9_]*[a-z0-9])?$`)

const (
	// maxName leaves room for suffixes: "_before_20060102150405" within PostgreSQL's 63 bytes, and the job's number within
	// Kubernetes's 63 characters.
	maxName = 32
	// reservedConnections is superuser_reserved_connections plus the monitoring role's.
	reservedConnections = 3 + 5
	// dumpConnections is the limit of a dump's role: one run, and one that was killed and is not yet noticed.
	dumpConnections = 2
)

var (
	reservedDatabases = []string{"postgres", "template0", "template1"}
	reservedRoles     = []string{"postgres", "public", "none", "user", "session_user", "current_user", "current_role"}
)

// Validate returns all problems of the arguments, joined.
func (a ServerArgs) Validate() error {
	a = a.withDefaults()
	var problems validation.Problems
	problems.Include("Placement", a.Placement.Validate())
	problems.Include("Storage", a.Storage.Validate())
	problems.Include("Server", a.Server.Validate())
	problems.Include("Exporter", a.Exporter.Validate())
	problems.Include("BackupJob", a.BackupJob.Validate())
	if a.Namespace == nil {
		problems.NotSet("Namespace", "must be the namespace of the server")
	}
	pod.ValidateImage(&problems, "Image", a.Image)
	pod.ValidateImage(&problems, "ExporterImage", a.ExporterImage)
	validateName(&problems, "Monitor", a.Monitor, reservedRoles)
	a.validateDatabases(&problems)
	a.validateBackup(&problems)
	a.validateUpload(&problems)
	a.validateMemory(&problems)
	a.validateVolume(&problems)
	return problems.Err()
}

func (a ServerArgs) validateDatabases(problems *validation.Problems) {
	if len(a.Databases) == 0 {
		problems.NotSet("Databases", "must be at least one")
	}
	databases, owners, connections := map[string]bool{}, map[string]bool{}, 0
	clients := map[string]bool{}
	for i, d := range a.Databases {
		field := fmt.Sprintf("Databases[%d]", i)
		validateName(problems, field+".Name", d.Name, reservedDatabases)
		if strings.HasSuffix(d.Name, "_restoring") || strings.Contains(d.Name, "_before_") {
			problems.Add(field+".Name", d.Name, "must not end in _restoring or contain _before_: restores use such names")
		}
		if databases[d.Name] {
			problems.Add(field+".Name", d.Name, "must be unique")
		}
		switch {
		case d.Owner == "":
			problems.NotSet(field+".Owner", "must be the role that owns database %q", d.Name)
		case owners[d.Owner]:
			problems.Add(field+".Owner", d.Owner, "must be unique: the owner of two databases could read both")
		default:
			validateName(problems, field+".Owner", d.Owner, append([]string{a.Monitor}, reservedRoles...))
		}
		if d.MaxGiB <= 0 {
			problems.Add(field+".MaxGiB", d.MaxGiB, "must be the planned size of database %q in GiB", d.Name)
		}
		if d.Connections < 0 {
			problems.Add(field+".Connections", d.Connections, "must be positive, or 0 for no limit")
		}
		databases[d.Name], owners[d.Owner] = true, true
		connections += d.Connections
		for j, c := range d.Clients {
			field := fmt.Sprintf("%s.Clients[%d]", field, j)
			validateName(problems, field+".Role", c.Role, append([]string{a.Monitor}, reservedRoles...))
			if clients[c.Role] {
				problems.Add(field+".Role", c.Role, "must be unique: a role has one database")
			}
			if c.Connections < 0 {
				problems.Add(field+".Connections", c.Connections, "must be positive, or 0 for no limit")
			}
			clients[c.Role] = true
			connections += c.Connections
		}
	}
	for i, d := range a.Databases {
		if slices.ContainsFunc(a.Databases, func(other Database) bool { return other.dumpRole() == d.Owner }) {
			problems.Add(fmt.Sprintf("Databases[%d].Owner", i), d.Owner, "must not be the role of a database's dumps")
		}
		for _, own := range []string{d.Owner, d.dumpRole(), d.clientsRole()} {
			if clients[own] {
				problems.Add(fmt.Sprintf("Databases[%d].Clients", i), own, "must not be a role of database %q itself", d.Name)
			}
		}
	}
	if available := AvailableConnections(a.MaxConnections, len(a.Databases)); connections > available {
		problems.Add("Databases.Connections", connections, "must be at most %d together: MaxConnections is %d", available, a.MaxConnections)
	}
}

// AvailableConnections returns the number of connections that owners and clients may have together, on a server with this limit.
func AvailableConnections(maxConnections, databases int) int {
	return maxConnections - reservedConnections - databases*dumpConnections
}

func (a ServerArgs) validateBackup(problems *validation.Problems) {
	b := a.Backup
	if b.Hour < 0 || b.Hour > 23 {
		problems.Add("Backup.Hour", b.Hour, "must be 0 to 23")
	}
	if b.Minute < 0 || b.Minute > 59 {
		problems.Add("Backup.Minute", b.Minute, "must be 0 to 59")
	}
	if b.KeepDays < 1 {
		problems.Add("Backup.KeepDays", b.KeepDays, "must be at least 1")
	}
	if _, err := time.LoadLocation(b.TimeZone); err != nil || b.TimeZone == "Local" {
		problems.Add("Backup.TimeZone", b.TimeZone, "must be a time zone, e.g. Asia/Seoul")
	}
}

func (a ServerArgs) validateMemory(problems *validation.Problems) {
	if a.MaxConnections < 20 {
		problems.Add("MaxConnections", a.MaxConnections, "must be at least 20")
		return
	}
	if s := SettingsFor(a.Server.Limits.MemoryMiB, a.MaxConnections); s.WorkMemMiB < 1 {
		problems.Add("Server.Limits.MemoryMiB", a.Server.Limits.MemoryMiB, "must be more: %d connections (MaxConnections) leave no memory for sorting", a.MaxConnections)
	}
}

func validateName(problems *validation.Problems, field, name string, reserved []string) {
	switch {
	case !validName.MatchString(name) || len(name) > maxName:
		problems.Add(field, name, "must be up to %d lower-case letters, digits and _, beginning with a letter", maxName)
	case slices.Contains(reserved, name) || strings.HasPrefix(name, "pg_"):
		problems.Add(field, name, "must not be a name that PostgreSQL reserves")
	}
}
