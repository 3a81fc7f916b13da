// Package boot simulates the boot of instances from their user data: the control plane starts a real Kubernetes control
// plane and publishes its kubeconfig, a worker asks for a real certificate of its own name and registers its node with it. Every call to AWS is checked against the permissions of the instance profile, and every connection between
// instances against their security groups.
package boot
