package rehearsal

import "context"

// explore leaves everything running until the context ends.
func (r *Rehearsal) explore(ctx context.Context) {
	r.Console.heading("running")
	r.Console.Logf("The cluster keeps running. In another terminal:")
	r.Console.Logf("")
	r.Console.Logf("  kubectl --kubeconfig %s get nodes", r.KubeconfigPath())
	r.Console.Logf("  kubectl --kubeconfig %s get pods --all-namespaces --output wide", r.KubeconfigPath())
	r.Console.Logf("")
	r.Console.Logf("Logs are in %s. Ctrl-C destroys everything.", r.state)
	<-ctx.Done()
}
