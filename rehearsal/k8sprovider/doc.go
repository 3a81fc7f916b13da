// Package k8sprovider stands in for pulumi-kubernetes 4.30 in a rehearsal on a machine without the real plugin.
//
// It applies the same objects to the same, real API server by server-side apply, and behaves as the real one does where
// a program can tell the difference: names, field managers, what replaces and what is patched, what is waited for, how a
// time-out is worded, what a *Patch resource owns. Where it was taken from is said beside each rule; unless another
// place is named it is github.com/pulumi/pulumi-kubernetes, provider/pkg (provider/provider.go, provider/diff.go,
// await/awaiters.go and its neighbours). What it cannot do, it refuses (YAML and kustomize components,
// `pulumi.com/waitFor`) or records as not installed (Helm releases and charts): it never pretends.
package k8sprovider

// Version is the release of pulumi-kubernetes that this follows.
const Version = "4.30.0"
