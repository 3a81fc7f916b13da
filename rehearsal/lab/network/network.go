// Package network creates the lab's network: network namespaces on a bridge, without a route to any other network.
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

// namespaces is the directory in which ip keeps network namespaces by name.
const namespaces = "/run/netns"

// Network is a bridge in its own namespace, which also has the endpoints that hosts use: AWS, the package mirror and the
// registry. Each host is another namespace on the bridge.
type Network struct {
	// Name is the name of the bridge's namespace and the prefix of the hosts' namespaces.
	Name string
	// Gateway is the bridge's address with its prefix length, e.g. 10.1.0.1/16.
	Gateway string
	// Others are further addresses of the bridge, e.g. 169.254.169.254 for the metadata service.
	Others []string
}

// Create creates the network and removes the remains of an earlier run.
func (n *Network) Create() error {
	if err := n.Remove(); err != nil {
		return err
	}
	commands := []string{
		"ip netns add " + n.Name,
		"ip -n " + n.Name + " link set lo up",
		"ip -n " + n.Name + " link add bridge type bridge",
		"ip -n " + n.Name + " link set bridge up",
		"ip -n " + n.Name + " address add " + n.Gateway + " dev bridge",
	}
	for _, address := range n.Others {
		commands = append(commands, "ip -n "+n.Name+" address add "+address+"/32 dev bridge")
	}
	return run(commands...)
}

// Join creates the namespace of a host with an address. Its default route ends at the bridge, which forwards nothing.
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

// Route makes the network forward a range of addresses to a host, and between hosts. The range reaches the endpoints too.
func (n *Network) Route(addresses, host string) error {
	if err := run("ip -n " + n.Name + " route replace " + addresses + " via " + host); err != nil {
		return err
	}
	return within(n.Name, func() error {
		// The setting is that of the namespace of the thread that opens the file.
		if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
			return fmt.Errorf("forwarding between hosts: %w", err)
		}
		return nil
	})
}

// portOf returns the name of the bridge's end of a host's veth pair, at most 15 characters long.
func portOf(address string) string { return "to-" + strings.ReplaceAll(address, ".", "") }

// Leave removes a host's namespace. Its veth pair is deleted first, because the kernel cleans up a namespace later.
func (n *Network) Leave(host, address string) error {
	return run("ip -n "+n.Name+" link delete "+portOf(address), "ip netns delete "+n.Name+"-"+host)
}

// Remove removes every namespace of the network.
func (n *Network) Remove() error {
	found, err := filepath.Glob(filepath.Join(namespaces, n.Name+"*"))
	if err != nil {
		return fmt.Errorf("listing network namespaces: %w", err)
	}
	for _, path := range found {
		if err := run("ip netns delete " + filepath.Base(path)); err != nil {
			return err
		}
	}
	return nil
}

// Path returns the file of a namespace.
func Path(namespace string) string { return filepath.Join(namespaces, namespace) }

// Listen opens a listener in the bridge's namespace. Any thread can accept from it.
func (n *Network) Listen(address string) (listener net.Listener, err error) {
	err = within(n.Name, func() error {
		listener, err = net.Listen("tcp4", address)
		return err
	})
	return listener, err
}

// Dial connects from the bridge's namespace to an IP address.
func (n *Network) Dial(ctx context.Context, _, address string) (connection net.Conn, err error) {
	err = within(n.Name, func() error {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		// With one address there is one attempt. A second one would run in another thread, outside the namespace.
		connection, err = (&net.Dialer{}).DialContext(ctx, "tcp4", net.JoinHostPort(host, port))
		return err
	})
	return connection, err
}

// within calls f in a thread in the namespace. A thread that cannot return from it is not used again.
func within(namespace string, f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("opening the present network namespace: %w", err)
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
		return fmt.Errorf("leaving %s: %w", namespace, err) // a locked thread ends with its goroutine
	}
	runtime.UnlockOSThread()
	return result
}

// run runs commands until one fails. No argument may contain a space.
func run(commands ...string) error {
	for _, command := range commands {
		words := strings.Fields(command)
		if output, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, strings.TrimSpace(string(output)))
		}
	}
	return nil
}
