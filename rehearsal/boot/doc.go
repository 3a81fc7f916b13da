// Package boot plays what a machine does after its launch, from nothing but its user data: the control plane
// starts a real Kubernetes control plane and publishes how to reach it, a worker joins with a real bootstrap token
// and registers its node under its own kubelet's identity. Everything a machine does towards AWS goes through the
// permissions of its instance profile, and every connection between machines through their security groups.
package boot
