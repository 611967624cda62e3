/** What a program of a synthetic report looks like to a profiler. */
export interface Program {
  readonly pid: number;
  readonly name: string;
  readonly executablePath: string;
  readonly containerId?: string;
  readonly threadNames: readonly string[];
  /** Functions are dealt to them in turn. */
  readonly modules: readonly string[];
  /** The first is the root of every stack. */
  readonly functions: readonly string[];
  /** A path into the kernel, outermost first. */
  readonly kernelFunctions: readonly string[];
}

const SYSCALL_ENTRY = ["entry_SYSCALL_64_after_hwframe", "do_syscall_64"];

export const SYNTHETIC_PROGRAMS: readonly Program[] = [
  {
    pid: 4242,
    name: "api",
    executablePath: "/usr/bin/node",
    containerId: "3f4e8c1d9b7a5e2f6c0d8b4a1e3f5c7d9b0a2e4f6c8d1b3a5e7f9c0d2b4a6e8f",
    threadNames: ["api", "V8Worker", "libuv-worker"],
    modules: ["/usr/bin/node", "[jit]", "/usr/bin/node"],
    functions: [
      "node::Start(int, char**)",
      "JS:*handleRequest /srv/api/src/routes/orders.js:48:31",
      "node::LoadEnvironment(node::Environment*, std::function<v8::MaybeLocal<v8::Value> (node::StartExecutionCallbackInfo const&)>, std::function<void (node::Environment*, v8::Local<v8::Value>, v8::Local<v8::Value>)>)",
      "node::SpinEventLoopInternal(node::Environment*)",
      "JS:~processTicksAndRejections node:internal/process/task_queues:72:35",
      "uv_run",
      "uv__io_poll",
      "JS:*parse /srv/api/node_modules/fast-json/lib/parse.js:112:17",
      "node::(anonymous namespace)::Parser::on_message_complete()",
      "v8::internal::Builtin_HandleApiCall(int, unsigned long*, v8::internal::Isolate*)",
      "JS:*serialize /srv/api/src/serializers/order.js:9:22",
      "v8::internal::Scavenger::Process(v8::JobDelegate*)",
      "v8::internal::Heap::CollectGarbage(v8::internal::AllocationSpace, v8::internal::GarbageCollectionReason, v8::GCCallbackFlags)",
      "JS:^normalize /srv/api/src/lib/normalize.js:3:19",
      "std::_Rb_tree<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >, std::pair<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const, std::unique_ptr<node::inspector::Agent, std::default_delete<node::inspector::Agent> > >, std::_Select1st<std::pair<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const, std::unique_ptr<node::inspector::Agent, std::default_delete<node::inspector::Agent> > > >, std::less<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > > >::find(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&)",
      "v8::internal::ScavengerCollector::JobTask::ConcurrentScavengePages(v8::internal::Scavenger*)",
      "JS:*hash node:internal/crypto/hash:210:14",
      "void v8::internal::BodyDescriptorBase::IteratePointers<v8::internal::IterateAndScavengePromotedObjectsVisitor>(v8::internal::Tagged<v8::internal::HeapObject>, int, int, v8::internal::IterateAndScavengePromotedObjectsVisitor*)",
      "EVP_DigestUpdate",
    ],
    kernelFunctions: [
      ...SYSCALL_ENTRY,
      "__x64_sys_writev",
      "tcp_sendmsg",
      "tcp_write_xmit",
      "ip_finish_output2",
      "copy_user_generic",
    ],
  },
  {
    pid: 311,
    name: "nginx",
    executablePath: "/usr/sbin/nginx",
    threadNames: ["nginx"],
    modules: ["/usr/sbin/nginx", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libssl.so.3"],
    functions: [
      "main",
      "__libc_start_call_main",
      "SSL_write",
      "ngx_worker_process_cycle",
      "epoll_wait",
      "ssl3_write_bytes",
      "ngx_http_process_request",
      "__memmove_avx_unaligned_erms",
      "libssl.so.3+0x3a91c",
      "ngx_http_upstream_send_request",
      "writev",
      "aesni_gcm_encrypt",
    ],
    kernelFunctions: [...SYSCALL_ENTRY, "ksys_read", "vfs_read", "filemap_read", "copy_page_to_iter"],
  },
  {
    pid: 907,
    name: "postgres",
    executablePath: "/usr/lib/postgresql/15/bin/postgres",
    threadNames: ["postgres"],
    modules: ["/usr/lib/postgresql/15/bin/postgres"],
    functions: [
      "PostmasterMain",
      "ServerLoop",
      "BackendStartup",
      "PostgresMain",
      "exec_simple_query",
      "PortalRun",
      "standard_ExecutorRun",
      "ExecAgg",
      "ExecScan",
      "heapgettup_pagemode",
      "HeapTupleSatisfiesMVCC",
      "hash_search_with_hash_value",
    ],
    kernelFunctions: [
      "asm_exc_page_fault",
      "exc_page_fault",
      "do_user_addr_fault",
      "handle_mm_fault",
      "clear_page_erms",
    ],
  },
  {
    pid: 5120,
    name: "python3",
    executablePath: "/usr/bin/python3.11",
    threadNames: ["python3", "ThreadPoolExec"],
    modules: ["/usr/bin/python3.11"],
    functions: [
      "Py_BytesMain",
      "Py_RunMain",
      "PyEval_EvalCode",
      "_PyEval_EvalFrameDefault",
      "PyObject_Vectorcall",
      "_PyEval_EvalFrameDefault",
      "PyNumber_Add",
      "python3.11+0x1f3a40",
      "PyLong_FromLong",
    ],
    kernelFunctions: [...SYSCALL_ENTRY, "__x64_sys_futex", "futex_wait", "schedule"],
  },
  {
    pid: 6001,
    name: "dd",
    executablePath: "/usr/bin/dd",
    threadNames: ["dd"],
    modules: ["/usr/bin/dd", "/usr/lib/x86_64-linux-gnu/libc.so.6"],
    functions: ["dd+0x2f10", "read", "dd+0x31a4", "write"],
    kernelFunctions: [...SYSCALL_ENTRY, "ksys_read", "vfs_read", "read_zero_iter", "rep_stos_alternative"],
  },
];
