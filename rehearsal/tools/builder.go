package tools

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/growbin/cluster/internal/testing/filelock"
)

// cacheFolder is the folder's name inside the user's cache directory.
const cacheFolder = "growbin-rehearsal"

// Builder builds tools into a cache.
type Builder struct {
	tools string
	cache string
	out   io.Writer
}

// New returns a builder for the tool modules below the folder tools, usually rehearsal/tools. It reports progress
// to out and keeps the programs in the user's cache directory.
func New(tools string, out io.Writer) (*Builder, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("find the user's cache directory: %w", err)
	}
	return NewWithCache(tools, filepath.Join(user, cacheFolder), out)
}

// NewWithCache is New with another cache directory.
func NewWithCache(tools, cache string, out io.Writer) (*Builder, error) {
	tools, err := filepath.Abs(tools)
	if err != nil {
		return nil, fmt.Errorf("find the tool modules: %w", err)
	}
	if info, err := os.Stat(tools); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("there is no folder of tool modules at %s", tools)
	}
	return &Builder{tools: tools, cache: cache, out: out}, nil
}

// Binaries maps a tool's name to the path of its program.
type Binaries map[string]string

// Build returns the path of each tool. It builds those that the cache lacks one after the other, because the compiler
// uses every core. If another process builds the same tool, Build waits for it.
func (b *Builder) Build(ctx context.Context, tools ...Tool) (Binaries, error) {
	binaries := make(Binaries, len(tools))
	for _, tool := range tools {
		path, err := b.build(ctx, tool)
		if err != nil {
			return nil, err
		}
		binaries[tool.Name] = path
	}
	return binaries, nil
}

// Version returns the version of a tool, e.g. v2.2.1, which is that of a requirement in its tool module.
func (b *Builder) Version(tool Tool) (string, error) {
	version, err := pinnedVersion(b.module(tool), tool.pinned())
	if err != nil {
		return "", fmt.Errorf("%s: %w", tool.Name, err)
	}
	return version, nil
}

func (b *Builder) module(tool Tool) string {
	return filepath.Join(b.tools, filepath.FromSlash(tool.Module))
}

// Folder is a folder of the cache for something else than built tools.
func (b *Builder) Folder(name string) string { return filepath.Join(b.cache, name) }

func (b *Builder) build(ctx context.Context, tool Tool) (string, error) {
	module := b.module(tool)
	version, err := b.Version(tool)
	if err != nil {
		return "", err
	}
	title := tool.title(version)
	key, err := cacheKey(ctx, module, tool, version)
	if err != nil {
		return "", fmt.Errorf("%s: %w", title, err)
	}
	folder := filepath.Join(b.cache, fmt.Sprintf("%s-%s-%s", tool.Name, version, key))
	target := filepath.Join(folder, tool.Name)
	if isProgram(target) {
		return target, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("%s: create the cache folder: %w", title, err)
	}
	progress := newProgress(b.out)
	defer progress.end()
	unlock, err := filelock.Wait(ctx, filepath.Join(folder, "lock"), func() {
		progress.show("waiting for another build of " + title)
	})
	if err != nil {
		return "", fmt.Errorf("%s: %w", title, err)
	}
	defer unlock()
	if isProgram(target) { // built by another process meanwhile
		return target, nil
	}
	c := &compilation{module: module, tool: tool, version: version, target: target, progress: progress}
	if err := c.run(ctx); err != nil {
		return "", fmt.Errorf("building %s: %w", title, err)
	}
	return target, nil
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o100 != 0
}
