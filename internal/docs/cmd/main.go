// Command cmd writes the generated parts of the documentation: `make docs`.
package main

import (
	"fmt"
	"os"

	"github.com/growbin/cluster/internal/docs"
)

func main() {
	changed, err := docs.Write(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
	for _, path := range changed {
		fmt.Println("wrote", path)
	}
	if len(changed) == 0 {
		fmt.Println("up to date")
	}
}
