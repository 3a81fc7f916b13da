package pod

import (
	"fmt"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Port is a named port of a pod.
type Port struct {
	Name   string `pulumi:"name"`
	Number int    `pulumi:"number"`
}

// ContainerPorts converts ports to those of a container.
func ContainerPorts(ports ...Port) core.ContainerPortArray {
	list := core.ContainerPortArray{}
	for _, p := range ports {
		list = append(list, core.ContainerPortArgs{Name: pulumi.String(p.Name), ContainerPort: pulumi.Int(p.Number), Protocol: pulumi.String("TCP")})
	}
	return list
}

// ServicePorts converts ports to those of a Service.
func ServicePorts(ports ...Port) core.ServicePortArray {
	list := core.ServicePortArray{}
	for _, p := range ports {
		list = append(list, core.ServicePortArgs{
			Name: pulumi.String(p.Name), Port: pulumi.Int(p.Number), TargetPort: pulumi.String(p.Name), Protocol: pulumi.String("TCP"),
		})
	}
	return list
}

// ServiceSpec returns a Service's spec. With a node port the Service is reachable at that port of every node.
func ServiceSpec(selector pulumi.StringMapInput, nodePort int, port Port) *core.ServiceSpecArgs {
	ports := ServicePorts(port)
	spec := &core.ServiceSpecArgs{Selector: selector, Ports: ports}
	if nodePort != 0 {
		exposed := ports[0].(core.ServicePortArgs)
		exposed.NodePort = pulumi.Int(nodePort)
		spec.Type, spec.Ports = pulumi.String("NodePort"), core.ServicePortArray{exposed}
	}
	return spec
}

// NotAwaited annotates a Service or an autoscaler. Pulumi awaits the pods through their controller. Awaiting those too would occupy
// one of Pulumi's few parallel operations, perhaps before the pods get one.
func NotAwaited() pulumi.StringMap {
	return pulumi.StringMap{"pulumi.com/skipAwait": pulumi.String("true")}
}

// NewServices creates the pod's two Services: one for clients, named like the pod, and the headless one of its
// StatefulSet. Neither depends on the StatefulSet, and neither is awaited.
func NewServices(ctx *pulumi.Context, name string, pod Pod, ports []Port, opts ...pulumi.ResourceOption) error {
	service := func(resource, serviceName, clusterIP string) error {
		spec := &core.ServiceSpecArgs{Selector: pod.Labels, Ports: ServicePorts(ports...)}
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
