package userdata

// Boot steps: the scripts in ScriptsDir that the driver runs, in the order of EnvSteps.
const (
	StepHost         = "host"
	StepPackages     = "packages"
	StepContainerd   = "containerd"
	StepKubelet      = "kubelet"
	StepDataDisk     = "data-disk"
	StepRestore      = "restore"
	StepControlPlane = "control-plane"
	StepRenew        = "renew"
	StepPublish      = "publish"
	StepWorker       = "worker"
)

// StepReady is reported as the step of an instance whose steps have all succeeded.
const StepReady = "ready"
