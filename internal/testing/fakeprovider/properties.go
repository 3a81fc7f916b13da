package fakeprovider

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

// Unmarshal decodes properties that the engine sent, with secrets, unknown values and resource references kept.
func Unmarshal(properties *structpb.Struct) (resource.PropertyMap, error) {
	m, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepResources: true, SkipNulls: true,
	})
	if err != nil {
		return nil, fmt.Errorf("decode properties from the engine: %w", err)
	}
	return m, nil
}

// Marshal encodes properties for the engine.
func Marshal(properties resource.PropertyMap) (*structpb.Struct, error) {
	s, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true})
	if err != nil {
		return nil, fmt.Errorf("encode properties for the engine: %w", err)
	}
	return s, nil
}
