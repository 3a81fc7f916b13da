package boot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/testing/awssim"
)

// account is the part of AWS that the machines of a test share.
type account struct {
	mu         sync.Mutex
	parameters map[string]string
	writers    map[string]string // by parameter
	versions   map[string]int
	objects    map[string][]byte // in the only bucket
}

func newAccount() *account {
	return &account{parameters: map[string]string{}, writers: map[string]string{}, versions: map[string]int{}, objects: map[string][]byte{}}
}

func (a *account) get(name string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.parameters[name]
}

func (a *account) set(name, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.parameters[name] = value
}

// services are one machine's way into the account and the network. The zero values of its switches allow everything.
type services struct {
	account  *account
	session  string // the ARN of its role's session
	volume   string
	offline  error                                // why there is no internet
	firewall func(address string, port int) error // nil lets everything pass
	mayPut   func(name string) error
	s3       error  // why S3 refuses everything
	failed   func() // called once the machine has reported that its boot failed
}

func (s *services) PutParameter(name, value string) error {
	if s.mayPut != nil {
		if err := s.mayPut(name); err != nil {
			return err
		}
	}
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	s.account.parameters[name], s.account.writers[name] = value, s.session
	s.account.versions[name]++
	if s.failed != nil && strings.Contains(value, `"phase":"`+kubeadm.PhaseFailed+`"`) {
		s.failed()
	}
	return nil
}

func (s *services) PutSecret(name, value, _ string) error { return s.PutParameter(name, value) }

func (s *services) GetParameter(name string) (string, error) {
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	value, ok := s.account.parameters[name]
	if (strings.HasPrefix(name, kubeadm.JoinPath(clusterName)) || name == kubeadm.EncryptionParameter(clusterName)) && !ok {
		return kubeadm.PendingValue, nil // as Pulumi creates it
	}
	if !ok {
		return "", fmt.Errorf("ParameterNotFound: %s", name)
	}
	return value, nil
}

func (s *services) ParametersByPath(path string) (map[string]awssim.ParameterVersion, error) {
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	found := map[string]awssim.ParameterVersion{}
	for name := range s.account.parameters {
		if strings.HasPrefix(name, path+"/") {
			found[name] = awssim.ParameterVersion{Value: "(encrypted)", Version: s.account.versions[name]}
		}
	}
	return found, nil
}

func (s *services) ParameterHistory(name string) (awssim.ParameterVersion, error) {
	value, err := s.GetParameter(name)
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	return awssim.ParameterVersion{Value: value, LastModifiedUser: s.account.writers[name]}, err
}

func (s *services) PutObject(_, key string, content []byte) error {
	if s.s3 != nil {
		return s.s3
	}
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	s.account.objects[key] = content
	return nil
}

func (s *services) GetObject(_, key string) ([]byte, error) {
	if s.s3 != nil {
		return nil, s.s3
	}
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	content, ok := s.account.objects[key]
	if !ok {
		return nil, fmt.Errorf("NoSuchKey: %s", key)
	}
	return content, nil
}

func (s *services) LeaveTargets(string) ([]string, error) { return nil, nil }

func (s *services) ListObjects(_, prefix string) ([]string, error) {
	if s.s3 != nil {
		return nil, s.s3
	}
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	keys := slices.Sorted(maps.Keys(s.account.objects))
	return slices.DeleteFunc(keys, func(key string) bool { return !strings.HasPrefix(key, prefix) }), nil
}

func (s *services) DataVolume(ctx context.Context) (string, error) {
	if s.volume != "" {
		return s.volume, nil
	}
	<-ctx.Done()
	return "", errors.Join(errors.New("no volume was attached"), ctx.Err())
}

func (s *services) Internet(context.Context) error { return s.offline }

func (s *services) Reach(address string, port int) error {
	if s.firewall == nil {
		return nil
	}
	return s.firewall(address, port)
}
