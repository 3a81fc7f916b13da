// Package nodecommand has the commands with scripts that growbin runs on the control plane by Systems Manager's Run Command.
package nodecommand

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// auditScript prints the audit log's events as lines. The log stays on the control plane, and an answer of Systems Manager is short.
//
//go:embed audit.py
var auditScript string

// rotateKeyScript runs on the control plane, so that no key leaves it but to the parameter.
//
//go:embed rotate-key.sh
var rotateKeyScript string

// Audit returns the command that prints the latest lines of the audit log with a word. Nothing in the word is read by the shell.
func Audit(lines int, word string) string {
	return auditProgram() + strconv.Itoa(lines) + " " + quote(word) + auditInput()
}

// auditProgram and auditInput are before and behind the arguments of Audit.
func auditProgram() string { return "python3 -IS - " + kubeadm.AuditLog + " " }
func auditInput() string   { return " <<'SCRIPT'\n" + auditScript + "SCRIPT\n" }

// auditArguments matches a number and a word of a shell.
var auditArguments = regexp.MustCompile(`^\d+ '([^']|'\\'')*'$`)

// IsAudit reports whether a command is one of Audit.
func IsAudit(command string) bool {
	rest, begins := strings.CutPrefix(command, auditProgram())
	arguments, ends := strings.CutSuffix(rest, auditInput())
	return begins && ends && auditArguments.MatchString(arguments)
}

// RotateKey returns the command that replaces the key of Secrets.
func RotateKey() string {
	return fmt.Sprintf("LIB=%s/lib.sh bash -s <<'SCRIPT'\n%sSCRIPT\n", userdata.ScriptsDir, rotateKeyScript)
}

// quote returns the text as one word for a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
