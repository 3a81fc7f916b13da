package awsapi

import (
	"crypto/rand"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// credentials are temporary keys of an instance's role.
type credentials struct{ instance, accessKey, secretKey, sessionToken string }

// credentialsOf returns an instance's keys: the same ones until they expire.
func (s *Server) credentialsOf(instance *awssim.Machine) credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	if valid, ok := s.keys[s.issued[instance.ID]]; ok {
		return valid
	}
	created := credentials{instance: instance.ID, accessKey: "ASIA" + rand.Text()[:16], secretKey: rand.Text() + "/+=", sessionToken: rand.Text() + "//=="}
	s.keys[created.accessKey], s.issued[instance.ID] = created, created.accessKey
	return created
}

// ExpireCredentials invalidates all keys, as AWS does after some hours.
func (s *Server) ExpireCredentials() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.keys)
}
