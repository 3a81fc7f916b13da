package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/drills"
	"github.com/growbin/cluster/rehearsal/programs"
)

// parse reads the command line. Its defaults are the variables PROGRAM, STACK, KEEP, DRILL and CHARTS, for `STACK=prod make rehearse`.
func parse(args []string, env func(string) string) (rehearsal.Options, error) {
	var o rehearsal.Options
	keep := false
	if text := env("KEEP"); text != "" {
		var err error
		if keep, err = strconv.ParseBool(text); err != nil {
			return o, fmt.Errorf("KEEP is %q: must be 1 or 0", text)
		}
	}
	var program, drill string
	flags := flag.NewFlagSet("rehearse", flag.ContinueOnError)
	flags.StringVar(&o.Root, "C", "", "repository (default: the folder of go.mod and Pulumi.yaml, upwards from here)")
	flags.StringVar(&program, "program", env("PROGRAM"), "program to rehearse, also PROGRAM: its folder, e.g. examples/three-nodes; empty for Growbin's")
	flags.StringVar(&o.Stack, "stack", env("STACK"), "stack to rehearse, also STACK; empty for the program's default")
	flags.BoolVar(&o.Keep, "keep", keep, "leave everything running after the second update, until Ctrl-C; also KEEP=1")
	flags.StringVar(&drill, "drill", env("DRILL"), "failure or operation to inject, also DRILL: "+drills.Help())
	flags.StringVar(&o.Charts, "charts", env("CHARTS"), "folder of Helm chart archives to install from, also CHARTS; empty for their repositories")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	var err error
	if o.Drill, err = drills.Find(drill); err != nil {
		return o, err
	}
	if o.Program, err = programs.Find(program); err != nil {
		return o, err
	}
	if o.Drill != nil && o.Drill.Program != o.Program.Name {
		return o, fmt.Errorf("DRILL is %q: must be empty for program %s", drill, o.Program.Name)
	}
	if o.Stack == "" {
		o.Stack = o.Program.Stack
	}
	o.Root, err = findRoot(o.Root)
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
