// Package cluster runs a real Kubernetes control plane, without root, from the kubeadm configuration that a
// control-plane machine was given.
//
// kubeadm itself makes the certificates, the kubeconfig files and the static pods of etcd, kube-apiserver,
// kube-controller-manager and kube-scheduler. What kubelet would run as static pods is run here as plain
// processes with the very same flags; rewrite.go lists, with its reason, everything that is changed because a
// rehearsal happens on one machine and on loopback. kwok plays the kubelets.
package cluster
