package kubeadm

// Phases of a node's boot, as StatusMessage.Phase has them.
const (
	// PhasePending is a node that has not reported.
	PhasePending = "Pending"
	// PhaseBooting is a node that runs StatusMessage.Step.
	PhaseBooting = "Booting"
	// PhaseReady is a node whose scripts are done: the control plane has published its kubeconfig, a worker has joined.
	PhaseReady = "Ready"
	// PhaseFailed is a node with a failed step; systemd retries.
	PhaseFailed = "Failed"
)

// PendingValue is the placeholder in every SSM parameter of a cluster, until an instance overwrites it.
const PendingValue = "pending"

// KubeconfigMessage is the value of the SSM parameter KubeconfigParameter, as JSON.
type KubeconfigMessage struct {
	// InstanceID is the EC2 instance that wrote the message; any other than the one now running is stale.
	InstanceID string `json:"instanceId"`
	// Kubeconfig is an administrator's kubeconfig as YAML. Its server is https://<private IP of the control plane>:6443.
	Kubeconfig string `json:"kubeconfig"`
}

// JoinRequest is the value of the SSM parameter JoinParameter, as JSON, until the control plane answers it.
type JoinRequest struct {
	// InstanceID is the EC2 instance that asks; SSM records the writer, which must be the same.
	InstanceID string `json:"instanceId"`
	// Request is a certificate signing request for the node's own name, in PEM.
	Request string `json:"request"`
}

// StatusMessage is the value of a node's SSM parameter StatusParameter, as JSON.
type StatusMessage struct {
	// InstanceID is the EC2 instance that wrote the message; any other than the one now running is stale.
	InstanceID string `json:"instanceId"`
	// Phase is one of the Phase constants.
	Phase string `json:"phase"`
	// Step is the boot step of the phase.
	Step string `json:"step"`
	// Reason describes the failure, or the progress of a long step; often empty.
	Reason string `json:"reason"`
	// Time is when the message was written, in UTC, RFC 3339.
	Time string `json:"time"`
}
