// Package pinned holds what the pods of a store on a local volume have in common: they run on one
// node, their memory is planned to the MiB, and they are locked down.
package pod
