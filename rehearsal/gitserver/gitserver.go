// Package gitserver serves a private Git repository on loopback by HTTPS, to those who have its token.
package gitserver

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// name is that of the repository's folder.
const name = "deployments.git"

// Server is a repository with its server.
type Server struct {
	// URL is that of the repository.
	URL string

	git, folder string
	server      *httptest.Server
	refused     atomic.Int64
}

// New makes an empty repository in a folder and serves it to a user with a token.
func New(ctx context.Context, folder, user, token string) (*Server, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("a Git repository needs git: %w", err)
	}
	s := &Server{git: git, folder: folder}
	for _, dir := range []string{s.repository(), s.tree()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make a Git repository: %w", err)
		}
	}
	if _, err := s.run(ctx, "init", "--quiet", "--bare", "--initial-branch=main", s.repository()); err != nil {
		return nil, err
	}
	backend := &cgi.Handler{
		Path: git, Args: []string{"http-backend"}, Dir: folder,
		Env: append(environment(), "GIT_PROJECT_ROOT="+folder, "GIT_HTTP_EXPORT_ALL=1"),
	}
	s.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gotUser, gotToken, ok := r.BasicAuth()
		if !ok || subtle.ConstantTimeCompare([]byte(gotUser+":"+gotToken), []byte(user+":"+token)) != 1 {
			if ok { // a client's first request has no credential
				s.refused.Add(1)
			}
			w.Header().Set("WWW-Authenticate", `Basic realm="Git"`)
			http.Error(w, "must have the token of the repository", http.StatusUnauthorized)
			return
		}
		r.Header.Del("Authorization")
		backend.ServeHTTP(w, r)
	}))
	s.URL = s.server.URL + "/" + name
	return s, nil
}

func (s *Server) repository() string { return filepath.Join(s.folder, name) }

func (s *Server) tree() string { return filepath.Join(s.folder, "tree") }

// environment keeps the settings of this machine's user out of Git.
func environment() []string {
	return []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=Developer", "GIT_AUTHOR_EMAIL=developer@example.com", "GIT_COMMITTER_NAME=Developer", "GIT_COMMITTER_EMAIL=developer@example.com",
	}
}

// Certificate is that of the server, in PEM.
func (s *Server) Certificate() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.server.Certificate().Raw})
}

// Refused is the number of requests with another token.
func (s *Server) Refused() int { return int(s.refused.Load()) }

// Commit writes files, by path, and returns the commit.
func (s *Server) Commit(ctx context.Context, message string, files map[string][]byte) (string, error) {
	for path, text := range files {
		path = filepath.Join(s.tree(), filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", fmt.Errorf("write a file of the Git repository: %w", err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return "", fmt.Errorf("write a file of the Git repository: %w", err)
		}
	}
	if _, err := s.run(ctx, "add", "--all"); err != nil {
		return "", err
	}
	if _, err := s.run(ctx, "commit", "--quiet", "--message", message); err != nil {
		return "", err
	}
	return s.Head(ctx)
}

// Revert takes a commit back, and returns the commit that does so.
func (s *Server) Revert(ctx context.Context, commit string) (string, error) {
	if _, err := s.run(ctx, "revert", "--no-edit", commit); err != nil {
		return "", err
	}
	return s.Head(ctx)
}

// Head is the latest commit.
func (s *Server) Head(ctx context.Context) (string, error) { return s.run(ctx, "rev-parse", "HEAD") }

// Read returns a file as it is committed.
func (s *Server) Read(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(s.tree(), filepath.FromSlash(path)))
}

// Close ends the server.
func (s *Server) Close() {
	s.server.CloseClientConnections()
	s.server.Close()
}

func (s *Server) run(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, s.git, args...)
	command.Dir = s.tree()
	command.Env = append(environment(), "PATH="+os.Getenv("PATH"), "HOME="+s.folder)
	if args[0] != "init" {
		command.Env = append(command.Env, "GIT_DIR="+s.repository(), "GIT_WORK_TREE="+s.tree())
	}
	var failure bytes.Buffer
	command.Stderr = &failure
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, failure.String())
	}
	return strings.TrimSpace(string(out)), nil
}
