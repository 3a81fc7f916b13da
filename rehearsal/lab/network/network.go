// Package network makes the lab's network: namespaces of the kernel's, joined by a bridge, with no way out.
package network

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// namespaces is where ip keeps the names of network namespaces.
const namespaces = "/run/netns"

// Network is a bridge in a namespace of its own, which stands for all that machines reach: AWS, the package mirror, the
// registry. Its hosts are namespaces that are joined to it.
type Network struct {
	// Name is the bridge's namespace; those of hosts begin with it.
	Name string
	// Gateway is the bridge's address with its prefix length, 10.1.0.1/16; Metadata is a second one, 169.254.169.254.
	Gateway, Metadata string
}

// Create makes the network, after removing what an earlier run left of it.
func (n *Network) Create() error {
	if err := n.Remove(); err != nil {
		return err
	}
	return run(
		"ip netns add "+n.Name,
		"ip -n "+n.Name+" link set lo up",
		"ip -n "+n.Name+" link add bridge type bridge",
		"ip -n "+n.Name+" link set bridge up",
		"ip -n "+n.Name+" address add "+n.Gateway+" dev bridge",
		"ip -n "+n.Name+" address add "+n.Metadata+"/32 dev bridge",
	)
}

// Join makes the namespace of one more host and gives it an address. The default route ends at the bridge: nothing is
// forwarded from there.
func (n *Network) Join(host, address string) (namespace string, err error) {
	gateway, length, _ := strings.Cut(n.Gateway, "/")
	namespace = n.Name + "-" + host
	port := portOf(address)
	return namespace, run(
		"ip netns add "+namespace,
		"ip -n "+namespace+" link set lo up",
		"ip -n "+namespace+" link add eth0 type veth peer name "+port+" netns "+n.Name,
		"ip -n "+n.Name+" link set "+port+" master bridge up",
		"ip -n "+namespace+" link set eth0 up",
		"ip -n "+namespace+" address add "+address+"/"+length+" dev eth0",
		"ip -n "+namespace+" route add default via "+gateway,
	)
}

// portOf names the bridge's end of a host's cable. An interface's name has at most 15 characters.
func portOf(address string) string { return "to-" + strings.ReplaceAll(address, ".", "") }

// Leave removes a host's namespace. Its cable goes first: the kernel takes its time with what a namespace held.
func (n *Network) Leave(host, address string) error {
	return run("ip -n "+n.Name+" link delete "+portOf(address), "ip netns delete "+n.Name+"-"+host)
}

// Remove removes every namespace of the network.
func (n *Network) Remove() error {
	found, err := filepath.Glob(filepath.Join(namespaces, n.Name+"*"))
	if err != nil {
		return fmt.Errorf("looking for network namespaces: %w", err)
	}
	for _, path := range found {
		if err := run("ip netns delete " + filepath.Base(path)); err != nil {
			return err
		}
	}
	return nil
}

// Path is where a namespace can be opened.
func Path(namespace string) string { return filepath.Join(namespaces, namespace) }

// Listen opens a listener inside the bridge's namespace. It stays there whoever accepts from it.
func (n *Network) Listen(address string) (listener net.Listener, err error) {
	err = within(n.Name, func() error {
		listener, err = net.Listen("tcp4", address)
		return err
	})
	return listener, err
}

// Dial connects from the bridge's namespace, to an address that needs no look-up.
func (n *Network) Dial(ctx context.Context, _, address string) (connection net.Conn, err error) {
	err = within(n.Name, func() error {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		// One address and one attempt: a second would run in another thread, outside the namespace.
		connection, err = (&net.Dialer{}).DialContext(ctx, "tcp4", net.JoinHostPort(host, port))
		return err
	})
	return connection, err
}

// within calls f in a thread that has entered the namespace, and ends the thread if it cannot come back.
func within(namespace string, f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("remembering the network namespace: %w", err)
	}
	defer home.Close()
	there, err := os.Open(Path(namespace))
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("opening a network namespace: %w", err)
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("entering %s: %w", namespace, err)
	}
	result := f()
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("coming back from %s: %w", namespace, err) // the thread stays locked, and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return result
}

// run runs commands until one fails. No argument holds a space.
func run(commands ...string) error {
	for _, command := range commands {
		words := strings.Fields(command)
		if output, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, strings.TrimSpace(string(output)))
		}
	}
	return nil
}
