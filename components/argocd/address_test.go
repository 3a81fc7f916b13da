package argocd

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]Address{
		"https://github.com/growbin/deployments":        {Host: "github.com", Port: 443},
		"https://git.example.com:8443/a.git":            {Host: "git.example.com", Port: 8443},
		"git@github.com:growbin/deployments.git":        {SSH: true, Host: "github.com", Port: 22},
		"ssh://git@git.example.com/a.git":               {SSH: true, Host: "git.example.com", Port: 22},
		"ssh://git@git.example.com:2222/team/apps":      {SSH: true, Host: "git.example.com", Port: 2222},
		"ssh://APKA123@git-codecommit.example.com/v1/a": {SSH: true, Host: "git-codecommit.example.com", Port: 22},
	} {
		got, err := ParseAddress(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		"":                                 "must be https://",
		"http://git.example.com/a":         "must be https://",
		"https://git.example.com":          "must be https://",
		"https://git.example.com/a?token=": "must be https://",
		"https://git.example.com:70000/a":  "must be https://",
		"ssh://git.example.com/a":          "must be https://",
		"git@github.com/a":                 "must be https://",
		"git@github.com: a":                "must be https://",
		"https://token@git.example.com/a":  "no credentials",
		"ssh://git:pw@git.example.com/a":   "no credentials",
	} {
		_, err := ParseAddress(text)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestRedacted_TokenIsNoPartOfIt(t *testing.T) {
	for _, text := range []string{"https://token@git.example.com/a", "https://me:token@git.example.com/a", "ssh://git:token@git.example.com/a"} {
		assert.NotContains(t, Redacted(text), "token")
	}
	for _, text := range []string{"git@github.com:a/b", "ssh://git@git.example.com/a", "https://git.example.com/a"} {
		assert.Equal(t, text, Redacted(text))
	}
}

func TestCheckKnownHosts(t *testing.T) {
	const scanned = "# git.example.com:2222 SSH-2.0-OpenSSH_9.2\n" + knownHost + "\n"
	for name, test := range map[string]struct{ address, lines, err string }{
		"https":              {"https://git.example.com/a", "", ""},
		"https with a key":   {"https://git.example.com/a", knownHost, "must be empty"},
		"known to the chart": {"git@github.com:a/b", "", ""},
		"unknown":            {"git@git.example.com:a", "", "must have a key of git.example.com,"},
		"of another port":    {"git@git.example.com:a", knownHost, "must have a key of git.example.com,"},
		"of the port":        {"ssh://git@git.example.com:2222/a", scanned, ""},
		"no key":             {"git@github.com:a/b", "github.com", "ssh-keyscan"},
		"a broken key":       {"git@github.com:a/b", "github.com ssh-ed25519 AAAA", "ssh-keyscan"},
	} {
		t.Run(name, func(t *testing.T) {
			address, err := ParseAddress(test.address)
			require.NoError(t, err)
			err = address.CheckKnownHosts(test.lines)
			if test.err == "" {
				require.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, test.err)
		})
	}
}
