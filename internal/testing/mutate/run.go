package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
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
	// quick are expressions that match the quick tests, by package.
	quick map[string]string
	// killers are the tests that have found an edit, by package. Few tests find most edits.
	killers map[string][]string
}

// newRunner returns a runner that keeps its files in a folder.
func newRunner(dir string, edits []Edit) *runner {
	r := &runner{dir: dir, edits: edits, binaries: map[string]string{}, quick: map[string]string{}, killers: map[string][]string{}}
	for _, edit := range edits {
		r.remember(edit.Killer)
	}
	return r
}

// remember keeps a killer, PACKAGE.TestName.
func (r *runner) remember(killer string) {
	if pkg, test, ok := cutLast(killer, "."); ok && !slices.Contains(r.killers[pkg], test) {
		r.killers[pkg] = append(r.killers[pkg], test)
	}
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

// killer returns the test that fails with the edit; "" if all pass. That of the last time is asked first, then those of other edits.
func (r *runner) killer(ctx context.Context, edit Edit) (killer string, err error) {
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
		defer func() { err = errors.Join(err, r.remove(key)) }() // no other edit uses them, and one may have 200 MB
	}
	var attempts []attempt
	if pkg, test, ok := cutLast(edit.Killer, "."); ok {
		attempts = append(attempts, attempt{pkg, "-test.run=^" + test + "$"})
	}
	for _, pkg := range edit.packages() {
		if known := r.killers[pkg]; len(known) > 0 {
			attempts = append(attempts, attempt{pkg, "-test.run=^(" + strings.Join(known, "|") + ")$"})
		}
	}
	for _, pkg := range edit.packages() {
		for _, option := range []string{"-test.run=", "-test.skip="} {
			attempts = append(attempts, attempt{pkg, option})
		}
	}
	for _, a := range attempts {
		binary, err := r.build(ctx, overlay, key, a.pkg)
		if err != nil {
			return "", err
		}
		if strings.HasSuffix(a.selection, "=") {
			a.selection += cmp.Or(r.quick[a.pkg], ".") // with -test.skip then none
		}
		test, _, err := r.failing(ctx, binary, a, edit.ID)
		if err != nil || test != "" {
			r.remember(test)
			return test, err
		}
	}
	return "", nil
}

// attempt is a selection of a package's tests. One that ends in "=" is of the quick tests.
type attempt struct{ pkg, selection string }

var passedTest = regexp.MustCompile(`(?m)^--- PASS: (\w+) \(([\d.]+)s\)`)

// quickTests returns an expression that matches the tests that each took less than a three-hundredth of the time of all. A few
// tests deploy the stack a hundred times, so they are asked last.
func quickTests(output []byte) (string, error) {
	took, sum := map[string]float64{}, 0.0
	for _, found := range passedTest.FindAllSubmatch(output, -1) {
		seconds, err := strconv.ParseFloat(string(found[2]), 64)
		if err != nil {
			return "", fmt.Errorf("duration of %s: %w", found[1], err)
		}
		took[string(found[1])] = seconds
		sum += seconds
	}
	maps.DeleteFunc(took, func(_ string, seconds float64) bool { return seconds > sum/300 })
	if len(took) == 0 {
		return "", nil
	}
	return "^(" + strings.Join(slices.Sorted(maps.Keys(took)), "|") + ")$", nil
}

// cutLast cuts s around the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// remove removes the binaries of one edit.
func (r *runner) remove(key string) error {
	var errs []error
	for name, binary := range r.binaries {
		if strings.HasPrefix(name, key+" ") {
			delete(r.binaries, name)
			errs = append(errs, os.Remove(binary))
		}
	}
	return errors.Join(errs...)
}

// build compiles the tests of a package once. Without an edit they must pass.
func (r *runner) build(ctx context.Context, overlay, key, pkg string) (string, error) {
	name := key + " " + pkg
	if binary := r.binaries[name]; binary != "" {
		return binary, nil
	}
	binary := filepath.Join(r.dir, key+path.Base(pkg)+".test")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-o", binary, pkg).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile the tests of %s: %w\n%s", pkg, err, out)
	}
	r.binaries[name] = binary
	if key == "" {
		test, output, err := r.failing(ctx, binary, attempt{pkg: pkg, selection: "-test.v"}, 0)
		if err != nil {
			return "", err
		}
		if test != "" {
			return "", fmt.Errorf("%s fails without an edit", test)
		}
		if r.quick[pkg], err = quickTests(output); err != nil {
			return "", err
		}
	}
	return binary, nil
}

var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// failing returns the first test that fails with an edit, as PACKAGE.TestName; "" if all pass.
func (r *runner) failing(ctx context.Context, binary string, a attempt, id int) (test string, output []byte, err error) {
	if id > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, testTimeout)
		defer cancel()
	}
	// Short leaves out real servers and tools: each edit must be found by a fast test.
	command := exec.CommandContext(ctx, binary, "-test.failfast", "-test.short", a.selection)
	command.Dir, command.Env = a.pkg, append(os.Environ(), switchVariable+"="+strconv.Itoa(id), "CI=")
	output, err = command.Output()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return "", output, nil
	case !errors.As(err, &failed) && ctx.Err() != context.DeadlineExceeded:
		return "", output, fmt.Errorf("run the tests of %s: %w", a.pkg, err)
	}
	if found := failedTest.FindSubmatch(output); found != nil {
		return a.pkg + "." + string(found[1]), output, nil
	}
	return a.pkg + ".TestMain", output, nil // it panicked, or ran out of time
}
