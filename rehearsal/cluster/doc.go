// Package cluster runs a real Kubernetes control plane, without root, from the kubeadm configuration that a
// control-plane machine was given.
//
// kubeadm itself makes the certificates, the kubeconfig files and the static pods of etcd, kube-apiserver,
// kube-controller-manager and kube-scheduler. The static pods run as plain processes with the same flags;
// rewrite.go lists every change for one host on loopback, with its reason. kwok simulates the kubelets.
package cluster
