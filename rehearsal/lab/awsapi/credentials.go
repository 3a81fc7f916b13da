package awsapi

import (
	"crypto/rand"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// credentials are temporary keys: of an instance's role, or of the role of a session.
type credentials struct {
	instance, accessKey, secretKey, sessionToken string
	session                                      *awssim.Session
}

func newCredentials() credentials {
	return credentials{accessKey: "ASIA" + rand.Text()[:16], secretKey: rand.Text() + "/+=", sessionToken: rand.Text() + "//=="}
}

// credentialsOf returns an instance's keys: the same ones until they expire.
func (s *Server) credentialsOf(instance *awssim.Machine) credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	if valid, ok := s.keys[s.issued[instance.ID]]; ok {
		return valid
	}
	created := newCredentials()
	created.instance = instance.ID
	s.keys[created.accessKey], s.issued[instance.ID] = created, created.accessKey
	return created
}

// credentialsOfSession returns new keys of a session.
func (s *Server) credentialsOfSession(session *awssim.Session) credentials {
	created := newCredentials()
	created.session = session
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[created.accessKey] = created
	return created
}

// ExpireCredentials invalidates all keys, as AWS does after some hours.
func (s *Server) ExpireCredentials() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.keys)
}
