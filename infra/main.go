// Package main is the Pulumi program of Growbin.
package main

import "github.com/growbin/cluster/stacks"

func main() { stacks.Main() }
