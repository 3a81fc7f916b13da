package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// cacheKey changes with everything that can change the program: the pinned sources, how it is linked, and the
// compiler. The Go version is that of the module's folder, where a toolchain line may select another.
func cacheKey(ctx context.Context, module string, tool Tool, version string) (string, error) {
	hash := sha256.New()
	sources, err := filepath.Glob(filepath.Join(module, "*.go")) // of a program in the tool module itself
	if err != nil {
		return "", fmt.Errorf("reading the tool module: %w", err)
	}
	names := []string{"go.mod", "go.sum"}
	for _, source := range sources {
		names = append(names, filepath.Base(source))
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(module, name))
		if err != nil && !os.IsNotExist(err) { // a module without dependencies has no go.sum
			return "", fmt.Errorf("reading the tool module: %w", err)
		}
		fmt.Fprintf(hash, "%s %d\n%s\n", name, len(content), content)
	}
	compiler, err := goOutput(ctx, module, "env", "GOVERSION", "GOOS", "GOARCH")
	if err != nil {
		return "", fmt.Errorf("read the version of Go: %w", err)
	}
	fmt.Fprintf(hash, "%s\n%s\n%s\n", tool.Package, tool.linkerFlags(version), compiler)
	if len(tool.tags) > 0 {
		fmt.Fprintf(hash, "%s\n", tool.tags)
	}
	if len(tool.edits) > 0 {
		fmt.Fprintf(hash, "%q\n", tool.edits)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}
