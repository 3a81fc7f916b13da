package postgresql

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	_ "time/tzdata" // time zones are checked on machines that have no database of them, too
)

// names of databases and roles need no quotes in SQL and, with "-" for "_", are Kubernetes names.
var validName = regexp.MustCompile(`^[a-z]([a-z0-9_]*[a-z0-9])?$`)

const (
	// maxName leaves room for what is put behind a name: "_before_20060102150405" within PostgreSQL's 63
	// bytes, and the job's number within Kubernetes' 63.
	maxName = 32
	// reservedConnections are superuser_reserved_connections and the monitoring role's.
	reservedConnections = 3 + 5
)

var reservedDatabases = []string{"postgres", "template0", "template1"}
var reservedRoles = []string{"postgres", "public", "none", "user", "session_user", "current_user", "current_role"}

// Validate returns every problem of the arguments, joined.
func (a ServerArgs) Validate() error {
	a = a.withDefaults()
	problems := []error{
		a.Placement.Validate(), a.Storage.Validate(),
		a.Server.Validate("Server"), a.Exporter.Validate("Exporter"), a.BackupJob.Validate("BackupJob"),
		a.validateDatabases(), a.validateBackup(), a.validateMemory(), a.validateVolume(),
	}
	if a.Namespace == nil {
		problems = append(problems, errors.New("Namespace is missing; give the namespace the server runs in"))
	}
	if a.Image == "" {
		problems = append(problems, errors.New("Image is empty; give an image such as postgres:15.19"))
	}
	if a.ExporterImage == "" {
		problems = append(problems, errors.New("ExporterImage is empty; give a prometheuscommunity/postgres-exporter image"))
	}
	if err := checkName("Monitor", a.Monitor, reservedRoles); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (a ServerArgs) validateDatabases() error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(a.Databases) == 0 {
		report("Databases is empty; give at least one")
	}
	databases, owners, connections := map[string]int{}, map[string]int{}, 0
	for i, d := range a.Databases {
		field := fmt.Sprintf("Databases[%d]", i)
		if err := checkName(field+".Name", d.Name, reservedDatabases); err != nil {
			problems = append(problems, err)
		}
		if strings.HasSuffix(d.Name, "_restoring") || strings.Contains(d.Name, "_before_") {
			report("%s.Name is %q; names like this belong to a restore in progress", field, d.Name)
		}
		if d.Owner == "" {
			report("%s.Owner is empty; database %q needs a role that owns it", field, d.Name)
		} else if err := checkName(field+".Owner", d.Owner, append([]string{a.Monitor}, reservedRoles...)); err != nil {
			problems = append(problems, err)
		}
		if j, taken := databases[d.Name]; taken {
			report("%s.Name is %q, as is Databases[%d].Name; give each its own", field, d.Name, j)
		}
		if j, taken := owners[d.Owner]; taken && d.Owner != "" {
			report("%s.Owner is %q, as is Databases[%d].Owner; an owner of two could read both", field, d.Owner, j)
		}
		if d.MaxGiB <= 0 {
			report("%s.MaxGiB is %d; give the GiB that database %q may grow to", field, d.MaxGiB, d.Name)
		}
		if d.Connections < 0 {
			report("%s.Connections is %d; give a positive number, or 0 for no limit", field, d.Connections)
		}
		databases[d.Name], owners[d.Owner] = i, i
		connections += d.Connections
	}
	if most := a.MaxConnections - reservedConnections; connections > most {
		report("Databases may open %d connections together; MaxConnections of %d leaves %d for them", connections, a.MaxConnections, most)
	}
	return errors.Join(problems...)
}

func (a ServerArgs) validateBackup() error {
	var problems []error
	b := a.Backup
	if b.Hour < 0 || b.Hour > 23 || b.Minute < 0 || b.Minute > 59 {
		problems = append(problems, fmt.Errorf("Backup is at %d:%02d; give an hour of 0 to 23 and a minute of 0 to 59", b.Hour, b.Minute))
	}
	if b.KeepDays < 1 {
		problems = append(problems, fmt.Errorf("Backup.KeepDays is %d; give at least 1 day", b.KeepDays))
	}
	if _, err := time.LoadLocation(b.TimeZone); err != nil || b.TimeZone == "Local" {
		problems = append(problems, fmt.Errorf("Backup.TimeZone is %q; give a name such as Asia/Seoul", b.TimeZone))
	}
	return errors.Join(problems...)
}

func (a ServerArgs) validateMemory() error {
	if a.MaxConnections < 20 {
		return fmt.Errorf("MaxConnections is %d; give at least 20", a.MaxConnections)
	}
	if s := SettingsFor(a.Server.Limits.MemoryMiB, a.MaxConnections); s.WorkMemMiB < 1 {
		return fmt.Errorf("Server.Limits.MemoryMiB is %d; %d connections (MaxConnections) leave no memory to sort in", a.Server.Limits.MemoryMiB, a.MaxConnections)
	}
	return nil
}

func checkName(field, name string, reserved []string) error {
	switch {
	case !validName.MatchString(name) || len(name) > maxName:
		return fmt.Errorf("%s is %q; give up to %d lower-case letters, digits and _, beginning with a letter", field, name, maxName)
	case slices.Contains(reserved, name) || strings.HasPrefix(name, "pg_"):
		return fmt.Errorf("%s is %q; that name is taken by the server", field, name)
	}
	return nil
}
