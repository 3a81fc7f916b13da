package gitserver

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// SSH serves a repository by ssh to those who have its deploy key, for reading.
type SSH struct {
	// URL is that of the repository.
	URL string
	// DeployKey is the private key that may read it, in PEM; KnownHosts is the server's line of known_hosts.
	DeployKey, KnownHosts string

	repository *Server
	listener   net.Listener
	config     *ssh.ServerConfig
	ctx        context.Context
	cancel     context.CancelFunc
	serving    sync.WaitGroup
	refused    atomic.Int64
}

// ServeSSH serves the repository by ssh too, on another port.
func (s *Server) ServeSSH(ctx context.Context) (*SSH, error) {
	host, _, err := newKey()
	if err != nil {
		return nil, err
	}
	client, deployKey, err := newKey()
	if err != nil {
		return nil, err
	}
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for ssh: %w", err)
	}
	address := listener.Addr().String()
	server := &SSH{
		URL: "ssh://git@" + address + "/" + name, DeployKey: deployKey, KnownHosts: knownhosts.Line([]string{address}, host.PublicKey()),
		repository: s, listener: listener,
	}
	server.ctx, server.cancel = context.WithCancel(context.WithoutCancel(ctx))
	server.config = &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(client.PublicKey().Marshal()) {
			server.refused.Add(1)
			return nil, errors.New("must be the deploy key")
		}
		return nil, nil
	}}
	server.config.AddHostKey(host)
	server.serving.Go(server.accept)
	return server, nil
}

// newKey returns a key, and its private half in PEM.
func newKey() (ssh.Signer, string, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, "", fmt.Errorf("generate a key: %w", err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil, "", fmt.Errorf("use a key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, "", fmt.Errorf("write a key: %w", err)
	}
	return signer, string(pem.EncodeToMemory(block)), nil
}

// OtherKey returns a private key that the server refuses, in PEM.
func (s *SSH) OtherKey() (string, error) {
	_, key, err := newKey()
	return key, err
}

// Refused is the number of times that another key was offered.
func (s *SSH) Refused() int { return int(s.refused.Load()) }

func (s *SSH) accept() {
	for {
		connection, err := s.listener.Accept()
		if err != nil {
			return // it was closed
		}
		s.serving.Go(func() {
			stop := context.AfterFunc(s.ctx, func() { _ = connection.Close() })
			defer stop()
			defer connection.Close()
			s.serve(connection)
		})
	}
}

// serve answers the sessions of one connection until it ends.
func (s *SSH) serve(connection net.Conn) {
	_, channels, requests, err := ssh.NewServerConn(connection, s.config)
	if err != nil {
		return // the client knows why
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "must be a session")
			continue
		}
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		s.serving.Go(func() { s.session(channel, requests) })
	}
}

// session runs one command: that which sends commits to the client.
func (s *SSH) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	for request := range requests {
		var asked struct{ Command string }
		if request.Type != "exec" || ssh.Unmarshal(request.Payload, &asked) != nil {
			// Git also offers the version of its protocol as a variable of the environment.
			_ = request.Reply(request.Type == "env", nil)
			continue
		}
		_ = request.Reply(true, nil)
		status := uint32(s.run(channel, asked.Command))
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
		return
	}
}

// run returns the exit code of a command.
func (s *SSH) run(channel ssh.Channel, command string) int {
	if program, path, _ := strings.Cut(command, " "); program != "git-upload-pack" || strings.Trim(path, "'/") != name {
		fmt.Fprintln(channel.Stderr(), "must read "+name)
		return 1
	}
	upload := exec.CommandContext(s.ctx, s.repository.git, "upload-pack", s.repository.repository())
	upload.Env = environment()
	upload.Stdout, upload.Stderr = channel, channel.Stderr()
	input, err := upload.StdinPipe() // the end of the command does not wait for that of the input
	if err != nil {
		return 1
	}
	go func() {
		_, _ = io.Copy(input, channel)
		_ = input.Close()
	}()
	if err := upload.Run(); err != nil {
		return 1
	}
	return 0
}

// Close ends the server and its connections.
func (s *SSH) Close() {
	s.cancel()
	_ = s.listener.Close()
	s.serving.Wait()
}
