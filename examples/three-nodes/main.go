// Command three-nodes is the Pulumi program of a small cluster.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/examples/three-nodes/program"
)

func main() { pulumi.Run(program.Deploy) }
