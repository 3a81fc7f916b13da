package components_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// structs returns the exported struct types of all components as package.Type.
func structs(t *testing.T) map[string]*ast.StructType {
	t.Helper()
	found := map[string]*ast.StructType{}
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declaration := range file.Decls {
			generic, ok := declaration.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range generic.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok && spec.Name.IsExported() {
					if structure, ok := spec.Type.(*ast.StructType); ok {
						found[file.Name.Name+"."+spec.Name.Name] = structure
					}
				}
			}
		}
		return nil
	}))
	return found
}

// isComponent reports whether a struct embeds pulumi.ResourceState.
func isComponent(structure *ast.StructType) bool {
	for _, field := range structure.Fields.List {
		if embedded, ok := field.Type.(*ast.SelectorExpr); ok && len(field.Names) == 0 && embedded.Sel.Name == "ResourceState" {
			return true
		}
	}
	return false
}

// A package for other languages takes the names of inputs and outputs from the tags.
func TestComponents_PulumiTags(t *testing.T) {
	all := structs(t)
	var pending []string
	components, arguments := 0, 0
	for name, structure := range all {
		switch {
		case isComponent(structure):
			components++
		case strings.HasSuffix(name, "Args"):
			arguments++
		default:
			continue
		}
		pending = append(pending, name)
	}
	assert.Greater(t, components, 15)
	assert.Greater(t, arguments, 15)
	checked := map[string]bool{}
	for len(pending) > 0 {
		name := pending[0]
		pending = pending[1:]
		if checked[name] {
			continue
		}
		checked[name] = true
		home, _, _ := strings.Cut(name, ".")
		for _, field := range all[name].Fields.List {
			// Structs in the field belong to the inputs too, unless they are components.
			ast.Inspect(field.Type, func(node ast.Node) bool {
				used := ""
				switch node := node.(type) {
				case *ast.SelectorExpr:
					if of, ok := node.X.(*ast.Ident); ok {
						used = of.Name + "." + node.Sel.Name
					}
				case *ast.Ident:
					used = home + "." + node.Name
				}
				if all[used] != nil {
					pending = append(pending, used)
				}
				return true
			})
			for _, identifier := range field.Names {
				if !identifier.IsExported() {
					continue
				}
				tag := ""
				if field.Tag != nil {
					text, err := strconv.Unquote(field.Tag.Value)
					require.NoError(t, err)
					tag = reflect.StructTag(text).Get("pulumi")
				}
				// A prefix is allowed: id is reserved in Pulumi, so an output ID is e.g. vpcId.
				named := tag != "" && strings.HasSuffix(strings.ToLower(tag), strings.ToLower(identifier.Name)) && strings.ToLower(tag[:1]) == tag[:1]
				assert.True(t, named, "%s.%s: tag %q must be the field's name in camelCase", name, identifier.Name, tag)
			}
		}
	}
}
