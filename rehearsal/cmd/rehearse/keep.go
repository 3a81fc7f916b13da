package main

import "context"

// explore leaves everything running until the person has seen enough.
func (r *rehearsal) explore(ctx context.Context) {
	r.out.heading("running")
	r.out.say("The cluster keeps running. In another terminal:")
	r.out.say("")
	r.out.say("  kubectl --kubeconfig %s get nodes", r.kubeconfigPath())
	r.out.say("  kubectl --kubeconfig %s get pods --all-namespaces --output wide", r.kubeconfigPath())
	r.out.say("")
	r.out.say("Logs are in %s. Ctrl-C ends it and destroys everything.", r.state)
	<-ctx.Done()
}
