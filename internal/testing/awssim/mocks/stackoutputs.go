package mocks

import "github.com/pulumi/pulumi/sdk/v3/go/common/resource"

// readStackOutputs is the engine's function that reads the outputs of a deployed stack.
const readStackOutputs = "pulumi:pulumi:readStackOutputs"

// SetDeployed sets the outputs of the stack's last update, which the engine keeps in its state.
func (m *Mocks) SetDeployed(outputs resource.PropertyMap) {
	m.backend.mu.Lock()
	defer m.backend.mu.Unlock()
	m.backend.deployed = outputs
}

// stackOutputs returns the result of readStackOutputs; it has no outputs before the first update.
func (b *backend) stackOutputs(args resource.PropertyMap) resource.PropertyMap {
	b.mu.Lock()
	defer b.mu.Unlock()
	return resource.PropertyMap{"name": args["name"], "outputs": resource.NewProperty(b.deployed.Copy())}
}
