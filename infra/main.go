// Package main is the Pulumi program of Growbin.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/stacks"
)

func main() { pulumi.Run(stacks.Deploy) }
