// Package pod builds the parts that the pods of all components share: placement, resources, the restricted security
// context, volumes, probes, Services and scrape annotations.
package pod
