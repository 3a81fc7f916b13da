package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// options are what a person asks for.
type options struct {
	// root is the repository.
	root  string
	stack string
	// keep leaves everything running after the second update, until Ctrl-C.
	keep bool
	// drill names what happens to the stack while it runs; empty for nothing.
	drill string
}

// parse reads the command line; what it does not say is taken from STACK, KEEP and DRILL, for `STACK=prod make rehearse`.
func parse(args []string, env func(string) string) (options, error) {
	var o options
	keep := false
	if text := env("KEEP"); text != "" {
		var err error
		if keep, err = strconv.ParseBool(text); err != nil {
			return o, fmt.Errorf("KEEP is %q: it must be 1 or 0", text)
		}
	}
	stack := env("STACK")
	if stack == "" {
		stack = "dev"
	}
	flags := flag.NewFlagSet("rehearse", flag.ContinueOnError)
	flags.StringVar(&o.root, "C", "", "the repository (default: where Pulumi.yaml is, upwards from here)")
	flags.StringVar(&o.stack, "stack", stack, "the stack to rehearse, also STACK")
	flags.BoolVar(&o.keep, "keep", keep, "leave it running to look around in, until Ctrl-C; also KEEP=1")
	flags.StringVar(&o.drill, "drill", env("DRILL"), "what happens to the stack while it runs, also DRILL: "+drillHelp())
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	if _, err := findDrill(o.drill); err != nil {
		return o, err
	}
	var err error
	o.root, err = findRoot(o.root)
	return o, err
}

func findRoot(dir string) (string, error) {
	given := dir != ""
	if !given {
		dir = "."
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for {
		_, err := os.Stat(filepath.Join(dir, "Pulumi.yaml"))
		if err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if !errors.Is(err, os.ErrNotExist) || given || parent == dir {
			return "", fmt.Errorf("find the repository: no Pulumi.yaml at or above %s", dir)
		}
		dir = parent
	}
}
