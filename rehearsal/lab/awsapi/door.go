// Package door is the HTTP door to the simulated AWS: the metadata service and the APIs that software on a machine
// talks to, with the faults that AWS has on a bad day.
package awsapi

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// Door serves the machines of one account. A machine is known by the address it calls from, or by its keys.
type Door struct {
	cloud *awssim.Cloud
	// Faults is what goes wrong.
	Faults *Faults

	mu sync.Mutex
	// keys are those given out, by access key; tokens are of the metadata service, by token.
	keys   map[string]credentials
	tokens map[string]string
	issued map[string]string // access key by machine
	puts   map[string]int
	// successors are the identifiers of machines that stand in for those of the model, by the model's identifier.
	successors map[string]string
}

// credentials are what a machine signs its requests with.
type credentials struct{ machine, access, secret, session string }

// New opens the door to a cloud.
func New(cloud *awssim.Cloud) *Door {
	return &Door{
		cloud: cloud, Faults: &Faults{}, keys: map[string]credentials{}, tokens: map[string]string{}, issued: map[string]string{}, puts: map[string]int{}, successors: map[string]string{},
	}
}

// caller is the machine with the address that the request comes from.
func (d *Door) caller(r *http.Request) (*awssim.Machine, error) {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return nil, err
	}
	for _, machine := range d.cloud.Machines() {
		if machine.PrivateIP == address {
			return machine, nil
		}
	}
	return nil, fmt.Errorf("no machine has the address %s", address)
}

// credentialsOf gives a machine its keys: the same until they are revoked.
func (d *Door) credentialsOf(machine *awssim.Machine) credentials {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.keys[d.issued[machine.ID]]; ok {
		return known
	}
	made := credentials{machine: machine.ID, access: "ASIA" + rand.Text()[:16], secret: rand.Text() + "/+=", session: rand.Text() + "//=="}
	d.keys[made.access], d.issued[machine.ID] = made, made.access
	return made
}

// Revoke lets the keys given out so far expire, as they do after some hours.
func (d *Door) Revoke() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.keys)
}

// Puts counts how often a parameter has been written through this door.
func (d *Door) Puts(parameter string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.puts[parameter]
}

// Succeed gives a machine a new identifier, as if another instance had taken its place with the same address, role and
// user data: the model keeps the old one.
func (d *Door) Succeed(machine *awssim.Machine) (identifier string) {
	identifier = fmt.Sprintf("i-%017x", time.Now().UnixNano())
	d.mu.Lock()
	defer d.mu.Unlock()
	d.successors[machine.ID] = identifier
	return identifier
}

// InstanceID is the identifier that the machine believes to have.
func (d *Door) InstanceID(machine *awssim.Machine) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if successor, ok := d.successors[machine.ID]; ok {
		return successor
	}
	return machine.ID
}
