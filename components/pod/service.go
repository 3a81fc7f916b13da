package pod

import (
	"fmt"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Port is a named port of a pod.
type Port struct {
	Name   string
	Number int
}

// ContainerPorts are the ports as a container takes them.
func ContainerPorts(ports ...Port) core.ContainerPortArray {
	list := core.ContainerPortArray{}
	for _, p := range ports {
		list = append(list, core.ContainerPortArgs{Name: pulumi.String(p.Name), ContainerPort: pulumi.Int(p.Number), Protocol: pulumi.String("TCP")})
	}
	return list
}

// NotAwaited annotates a Service. What runs its pods is waited for; a wait for the Service as well would take one of the few
// places that Pulumi works in, perhaps before the pods have got one.
func NotAwaited() pulumi.StringMap {
	return pulumi.StringMap{"pulumi.com/skipAwait": pulumi.String("true")}
}

// NewServices makes the pod's two Services: the client's, by the pod's own name, and the headless one that
// its StatefulSet needs. Neither has an edge to the StatefulSet, and neither is waited for.
func NewServices(ctx *pulumi.Context, name string, pod Pod, ports []Port, opts ...pulumi.ResourceOption) error {
	service := func(resource, serviceName, clusterIP string) error {
		list := core.ServicePortArray{}
		for _, p := range ports {
			list = append(list, core.ServicePortArgs{
				Name: pulumi.String(p.Name), Port: pulumi.Int(p.Number), TargetPort: pulumi.String(p.Name), Protocol: pulumi.String("TCP"),
			})
		}
		spec := &core.ServiceSpecArgs{Selector: pod.Labels, Ports: list}
		if clusterIP != "" {
			spec.ClusterIP = pulumi.String(clusterIP)
		}
		_, err := core.NewService(ctx, resource, &core.ServiceArgs{
			Metadata: &meta.ObjectMetaArgs{
				Name: pulumi.String(serviceName), Namespace: pod.Namespace.ToStringOutput(), Labels: pod.Labels, Annotations: NotAwaited(),
			},
			Spec: spec,
		}, opts...)
		if err != nil {
			return fmt.Errorf("create Service %s: %w", serviceName, err)
		}
		return nil
	}
	if err := service(name, pod.Name, ""); err != nil {
		return err
	}
	return service(Headless(name), Headless(pod.Name), "None")
}
