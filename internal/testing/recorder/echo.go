package recorder

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Echo is the simplest backend: it accepts every resource and returns its inputs as outputs, plus the values that only
// a provider can give: the password of a random one and the name of a Kubernetes object without one. It refuses calls.
type Echo struct{}

// Register returns the inputs.
func (Echo) Register(r Registration) (string, resource.PropertyMap, error) {
	outputs := r.Inputs.Copy()
	if r.Type == "random:index/randomPassword:RandomPassword" {
		outputs["result"] = resource.MakeSecret(resource.NewProperty(Password(r.Name)))
		outputs["bcryptHash"] = resource.MakeSecret(resource.NewProperty(PasswordHash(r.Name)))
	}
	if metadata, ok := outputs["metadata"]; ok && metadata.IsObject() && !metadata.ObjectValue().HasValue("name") {
		named := metadata.ObjectValue().Copy()
		named["name"] = resource.NewProperty(r.Name + "-1a2b3c")
		outputs["metadata"] = resource.NewProperty(named)
	}
	return r.Name + "-id", outputs, nil
}

// Call refuses every function.
func (Echo) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return nil, fmt.Errorf("unexpected call of %s", args.Token)
}

// Password is the result of the RandomPassword of that name. It holds every character that needs encoding in a URL, and
// is easily found in inputs.
func Password(name string) string { return "pw:" + name + "/@+%?#& é" }

// PasswordHash is the bcryptHash of the RandomPassword of that name.
func PasswordHash(name string) string { return "$2a$10$hash-of-" + name }
