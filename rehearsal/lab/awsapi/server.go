// Package awsapi is a fake of the AWS endpoints that software on an EC2 instance calls: the instance metadata service,
// Systems Manager and S3. It verifies signatures, applies the instance's IAM role and injects failures.
package awsapi

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// Server serves the instances of one simulated account.
type Server struct {
	cloud    *awssim.Cloud
	failures failures

	mu sync.Mutex
	// keys are the valid credentials by access key, issued the access keys by instance ID.
	keys   map[string]credentials
	issued map[string]string
	// tokens are the instance IDs by session token of the metadata service.
	tokens map[string]string
	// writes counts the calls of PutParameter by parameter.
	writes map[string]int
	// replaced are the present instance IDs by the one that the simulated account has.
	replaced map[string]string
}

// NewServer returns the endpoints of the account.
func NewServer(cloud *awssim.Cloud) *Server {
	return &Server{
		cloud: cloud, failures: newFailures(), keys: map[string]credentials{}, issued: map[string]string{}, tokens: map[string]string{},
		writes: map[string]int{}, replaced: map[string]string{},
	}
}

// caller returns the instance with the request's source address.
func (s *Server) caller(r *http.Request) (*awssim.Machine, error) {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return nil, err
	}
	for _, instance := range s.cloud.Machines() {
		if instance.PrivateIP == address {
			return instance, nil
		}
	}
	return nil, fmt.Errorf("no instance has the address %s", address)
}

// ParameterWrites returns how often instances have written a parameter.
func (s *Server) ParameterWrites(parameter string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes[parameter]
}

// ReplaceInstance gives an instance a new ID, as if another one had the same address, role and user data. The simulated
// account keeps the old one.
func (s *Server) ReplaceInstance(instance *awssim.Machine) (id string) {
	id = fmt.Sprintf("i-%017x", time.Now().UnixNano())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replaced[instance.ID] = id
	return id
}

// InstanceID returns the ID that the metadata service reports to the instance.
func (s *Server) InstanceID(instance *awssim.Machine) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := s.replaced[instance.ID]; ok {
		return id
	}
	return instance.ID
}
