// Package tools builds the programs that a rehearsal runs (Pulumi's CLI, etcd, the Kubernetes control plane, kwok) from the
// versions that the modules in its subfolders pin. Each is built once into the user's cache directory, so that a second clone
// of the repository builds nothing.
package tools
