package stacks

import (
	"encoding/pem"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/argocd"
)

var (
	// gitRef is a safe part of Git's grammar of a branch, tag or commit.
	gitRef = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}$`)
	// gitFolder is a path without empty parts.
	gitFolder = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)
)

// validateGit checks the repository of Argo CD.
func (s *Settings) validateGit(r *settingsReader) {
	address, err := argocd.ParseAddress(s.GitRepository)
	if s.GitRepository != "" && err != nil {
		r.invalid("gitRepository", argocd.Redacted(s.GitRepository), "%v, e.g. https://github.com/growbin/deployments, or git@github.com:growbin/deployments.git with gitDeployKey", err)
	}
	// Also a wrong address shows which credential it needs.
	address.SSH = address.SSH || strings.HasPrefix(s.GitRepository, "git@") || strings.HasPrefix(s.GitRepository, "ssh:")
	s.validateGitCredentials(r, address.SSH)
	if s.GitRepository == "" || err == nil {
		if err := address.CheckKnownHosts(s.GitKnownHosts); err != nil {
			r.invalid("gitKnownHosts", s.GitKnownHosts, "%v", err)
		}
	}
	if s.GitPath != "" {
		if s.GitRepository == "" {
			r.invalid("gitRepository", s.GitRepository, "must be the repository of gitPath")
		}
		if !gitFolder.MatchString(s.GitPath) || path.Clean(s.GitPath) != s.GitPath || slices.Contains(strings.Split(s.GitPath, "/"), "..") {
			r.invalid("gitPath", s.GitPath, "must be a folder of the repository, e.g. clusters/dev")
		}
	}
	if s.GitRevision != "" && (!gitRef.MatchString(s.GitRevision) || strings.Contains(s.GitRevision, "..")) {
		r.invalid("gitRevision", s.GitRevision, "must be a branch, tag or commit, e.g. main")
	}
}

// validateGitCredentials checks the token for https and the key for ssh: each belongs to one kind of address.
func (s *Settings) validateGitCredentials(r *settingsReader, overSSH bool) {
	r.unusedSecret("gitToken")
	if token, _ := r.Get("gitToken"); token != "" && (s.GitRepository == "" || overSSH) {
		r.invalid("gitToken", hidden{}, "must be empty unless gitRepository is an https URL")
	}
	key, _ := r.Get("gitDeployKey")
	switch block, _ := pem.Decode([]byte(key)); {
	case key == "" && overSSH:
		r.problems.NotSet(ConfigPrefix+"gitDeployKey", "must be the private key that may read %s: pulumi config set --secret %sgitDeployKey < FILE", s.GitRepository, ConfigPrefix)
	case key == "" || key == secretPlaceholder:
	case !r.IsSecret("gitDeployKey"):
		r.invalid("gitDeployKey", clearText{}, "must be revoked, and a new one set with: pulumi config set --secret %sgitDeployKey < FILE", ConfigPrefix)
	case !overSSH:
		r.invalid("gitDeployKey", hidden{}, "must be empty unless gitRepository is read over ssh")
	case block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY"):
		r.invalid("gitDeployKey", hidden{}, "must be a private key in PEM format")
	}
}

// gitPorts are those of Git servers, with that of the repository.
func (s *Settings) gitPorts() []int {
	ports := []int{22, 443}
	if address, err := argocd.ParseAddress(s.GitRepository); err == nil && !slices.Contains(ports, address.Port) {
		ports = append(ports, address.Port)
	}
	return ports
}
