// Package roll replaces a cluster's instances one at a time: it drains a node, replaces the instance in a Pulumi update, and waits
// until all pods are ready again. It keeps no state: the remaining steps are derived from the stack and the cluster, so an
// interrupted roll can be run again.
package roll
