package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"time"
)

// switchVariable holds the number of the edit that a test binary applies.
const switchVariable = "MUTANT"

// testTimeout bounds the tests of one package with one edit: an endless wait is found too.
const testTimeout = 10 * time.Minute

// chooser is added to each edited package.
const chooser = `package %s

import "os"

func mutated[T any](id string, before, after T) T {
	if os.Getenv("` + switchVariable + `") == id {
		return after
	}
	return before
}
`

// runner builds and runs test binaries.
type runner struct {
	dir      string
	edits    []Edit
	file     string
	binaries map[string]string
}

// overlay writes the sources in which each edit of Go code can be chosen.
func (r *runner) overlay() error {
	texts := map[string]string{}
	for _, edit := range r.edits {
		if _, read := texts[edit.File]; !read {
			text, err := os.ReadFile(edit.File)
			if err != nil {
				return fmt.Errorf("read the code: %w", err)
			}
			texts[edit.File] = string(text)
		}
		if !edit.isGo() {
			if _, err := edit.apply(texts[edit.File], edit.New); err != nil {
				return err
			}
			continue
		}
		text, err := edit.apply(texts[edit.File], fmt.Sprintf("mutated(%q, %s, %s)", strconv.Itoa(edit.ID), edit.Old, edit.New))
		if err != nil {
			return err
		}
		texts[edit.File] = text
		folder := path.Dir(edit.File)
		texts[folder+"/mutated_by_edits.go"] = fmt.Sprintf(chooser, path.Base(folder))
	}
	for _, edit := range r.edits {
		if !edit.isGo() {
			delete(texts, edit.File)
		}
	}
	var err error
	r.file, err = r.writeOverlay("all", texts)
	return err
}

func (r *runner) writeOverlay(name string, texts map[string]string) (string, error) {
	replace := map[string]string{}
	for file, text := range texts {
		target, err := filepath.Abs(file)
		if err != nil {
			return "", fmt.Errorf("find %s: %w", file, err)
		}
		source := filepath.Join(r.dir, name, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(source), 0o700), os.WriteFile(source, []byte(text), 0o600)); err != nil {
			return "", fmt.Errorf("write the edited code: %w", err)
		}
		replace[target] = source
	}
	body, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	file := filepath.Join(r.dir, name+".json")
	return file, os.WriteFile(file, body, 0o600)
}

// killer returns the package whose tests fail with the edit; "" if all pass.
func (r *runner) killer(ctx context.Context, edit Edit) (string, error) {
	overlay, key := r.file, ""
	if !edit.isGo() {
		text, err := os.ReadFile(edit.File)
		if err != nil {
			return "", fmt.Errorf("read the script: %w", err)
		}
		edited, err := edit.apply(string(text), edit.New)
		if err != nil {
			return "", err
		}
		key = strconv.Itoa(edit.ID)
		if overlay, err = r.writeOverlay(key, map[string]string{edit.File: edited}); err != nil {
			return "", err
		}
	}
	for _, pkg := range edit.packages() {
		binary, err := r.build(ctx, overlay, key, pkg)
		if err != nil {
			return "", err
		}
		passed, err := r.passes(ctx, binary, pkg, edit.ID)
		if key != "" { // no other edit uses it, and it may have 200 MB
			delete(r.binaries, key+path.Base(pkg))
			err = errors.Join(err, os.Remove(binary))
		}
		if err != nil {
			return "", err
		}
		if !passed {
			return pkg, nil
		}
	}
	return "", nil
}

// build compiles the tests of a package once. Without an edit they must pass.
func (r *runner) build(ctx context.Context, overlay, key, pkg string) (string, error) {
	name := key + path.Base(pkg)
	if binary := r.binaries[name]; binary != "" {
		return binary, nil
	}
	binary := filepath.Join(r.dir, name+".test")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-o", binary, pkg).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile the tests of %s: %w\n%s", pkg, err, out)
	}
	r.binaries[name] = binary
	if key == "" {
		if passed, err := r.passes(ctx, binary, pkg, 0); err != nil {
			return "", err
		} else if !passed {
			return "", fmt.Errorf("the tests of %s fail without an edit", pkg)
		}
	}
	return binary, nil
}

func (r *runner) passes(ctx context.Context, binary, pkg string, id int) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	// Short leaves out real servers and tools: each edit must be found by a fast test.
	command := exec.CommandContext(ctx, binary, "-test.failfast", "-test.short")
	command.Dir, command.Env = pkg, append(os.Environ(), switchVariable+"="+strconv.Itoa(id), "CI=")
	err := command.Run()
	var failed *exec.ExitError
	if err == nil || errors.As(err, &failed) || ctx.Err() == context.DeadlineExceeded {
		return err == nil, nil
	}
	return false, fmt.Errorf("run the tests of %s: %w", pkg, err)
}
