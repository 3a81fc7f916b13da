package recorder

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Registration is one resource that a program registered.
type Registration struct {
	// Type is the type token, Name the logical name, URN Pulumi's name for it and Parent its parent's URN.
	Type, Name, URN, Parent string
	// Custom resources belong to a provider, the others are components.
	Custom bool
	// Read resources existed before (Get functions and imports).
	Read bool
	// Inputs are as the program gave them, secrets still marked; Outputs and ID as it got them back.
	Inputs, Outputs resource.PropertyMap
	ID              string
	// Dependencies are the URNs that the resource waits for, PropertyDependencies those by property.
	Dependencies         []string
	PropertyDependencies map[string][]string
	// Provider is the reference (URN::ID) of the provider in use, empty for the default one; Providers are a component's, by package.
	Provider  string
	Providers map[string]string
	// The resource options of the same names. Protect is nil when the program does not set it.
	IgnoreChanges           []string
	ReplaceOnChanges        []string
	AdditionalSecretOutputs []string
	Protect                 *bool
	DeleteBeforeReplace     bool
	RetainOnDelete          bool
	DeletedWith             string
}

func newRegistration(args pulumi.MockResourceArgs) Registration {
	r := Registration{Type: args.TypeToken, Name: args.Name, Custom: args.Custom, Inputs: args.Inputs, Provider: args.Provider, ID: args.ID}
	if rpc := args.ReadRPC; rpc != nil {
		r.Read, r.Custom, r.Parent, r.Dependencies = true, true, rpc.GetParent(), rpc.GetDependencies()
	}
	if rpc := args.RegisterRPC; rpc != nil {
		r.Parent, r.Dependencies, r.Providers = rpc.GetParent(), rpc.GetDependencies(), rpc.GetProviders()
		r.IgnoreChanges, r.ReplaceOnChanges = rpc.GetIgnoreChanges(), rpc.GetReplaceOnChanges()
		r.AdditionalSecretOutputs = rpc.GetAdditionalSecretOutputs()
		r.Protect, r.RetainOnDelete = rpc.Protect, rpc.GetRetainOnDelete()
		r.DeleteBeforeReplace, r.DeletedWith = rpc.GetDeleteBeforeReplace(), rpc.GetDeletedWith()
		r.PropertyDependencies = map[string][]string{}
		for name, urns := range rpc.GetPropertyDependencies() {
			r.PropertyDependencies[name] = urns.GetUrns()
		}
	}
	r.URN = urn(r.Parent, r.Type, r.Name)
	return r
}

// urn names a resource as the mock engine does. Every resource has a parent, at least the stack, whose URN holds
// stack and project.
func urn(parent, token, name string) string {
	above := resource.URN(parent)
	if !above.IsValid() {
		return ""
	}
	parentType := tokens.Type("")
	if qualified := above.QualifiedType(); qualified != resource.RootStackType {
		parentType = qualified
	}
	return string(resource.NewURN(above.Stack(), above.Project(), parentType, tokens.Type(token), name))
}

// secretOutputs marks the outputs that the program declares secret.
func (r Registration) secretOutputs(outputs resource.PropertyMap) {
	for _, name := range r.AdditionalSecretOutputs {
		key := resource.PropertyKey(name)
		if value, exists := outputs[key]; exists && !value.IsSecret() {
			outputs[key] = resource.MakeSecret(value)
		}
	}
}
