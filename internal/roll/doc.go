// Package roll replaces a cluster's machines one after the other: each node is drained, its machine replaced by a Pulumi
// update, and the next one waits until all pods are back. What is left to do is read from the stack and the cluster each
// time, so a roll that was interrupted goes on where it stopped.
package roll
