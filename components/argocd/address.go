package argocd

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// chartHosts are the SSH servers whose keys the chart brings, as known_hosts names them: those of Argo CD's own ConfigMap
// argocd-ssh-known-hosts-cm.
var chartHosts = []string{"[ssh.github.com]:443", "bitbucket.org", "github.com", "gitlab.com", "ssh.dev.azure.com", "vs-ssh.visualstudio.com"}

// Address is the server of a Git repository.
type Address struct {
	// SSH is true for ssh, false for https.
	SSH bool
	// Host is a name or an IP address.
	Host string
	Port int
}

// sshShort is user@host:path, without a port.
var sshShort = regexp.MustCompile(`^[A-Za-z0-9_-]+@([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):[A-Za-z0-9_~][A-Za-z0-9._/~-]*$`)

// ParseAddress returns the server of https://host/path, ssh://user@host/path or user@host:path; the first two may have a port.
func ParseAddress(text string) (Address, error) {
	if found := sshShort.FindStringSubmatch(text); found != nil {
		return Address{SSH: true, Host: found[1], Port: 22}, nil
	}
	wrong := errors.New("must be https://host/path, ssh://user@host/path or user@host:path")
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") == "" || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, " \t\r\n") {
		return Address{}, wrong
	}
	a := Address{Host: u.Hostname()}
	_, hasPassword := u.User.Password()
	switch {
	case u.Scheme == "https" && u.User == nil:
		a.Port = 443
	case u.Scheme == "ssh" && u.User.Username() != "" && !hasPassword:
		a.SSH, a.Port = true, 22
	case u.User != nil:
		return Address{}, errors.New("must hold no credentials")
	default:
		return Address{}, wrong
	}
	if port := u.Port(); port != "" {
		if a.Port, err = strconv.Atoi(port); err != nil || a.Port < 1 || a.Port > 65535 {
			return Address{}, wrong
		}
	}
	return a, nil
}

// Redacted returns the address without user and password, either of which may be a token. The user of ssh is none.
func Redacted(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return text
	}
	if _, hasPassword := u.User.Password(); u.Scheme == "ssh" && !hasPassword {
		return text
	}
	u.User = url.User("xxxxx")
	return u.String()
}

// CheckKnownHosts returns an error unless the lines have a key of the server. Those servers of which the chart has the keys need
// none, nor does https.
func (a Address) CheckKnownHosts(lines string) error {
	if !a.SSH {
		if lines != "" {
			return errors.New("must be empty unless the repository is read over ssh")
		}
		return nil
	}
	name := knownhosts.Normalize(net.JoinHostPort(a.Host, strconv.Itoa(a.Port)))
	known := slices.Contains(chartHosts, name)
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		_, hosts, _, _, _, err := ssh.ParseKnownHosts([]byte(line))
		if err != nil {
			return errors.New("must be lines of a host, the type of its key and the key, as ssh-keyscan prints them")
		}
		known = known || slices.Contains(hosts, name)
	}
	if !known {
		return fmt.Errorf("must have a key of %s, as ssh-keyscan prints it", name)
	}
	return nil
}
