// Acts of the audit log in words. What is not listed is shown by its code: the log must never hide an act.

const ACTS: Record<string, string> = {
  'staff.set_up': '设立第一位管理员',
  'staff.invited': '邀请人员',
  'staff.joined': '接受邀请',
  'staff.changed': '改人员',
  'staff.reset_asked': '请求重置登录',
  'staff.reset': '重置登录',
  'staff.reset_on_the_machine': '在服务器上重置登录',
  'staff.password_changed': '换密码',
  'staff.sessions_seen': '看登录记录',
  'session.opened': '登录',
  'session.closed': '退出登录',
  'session.ended': '让一处登录退出',
  'session.confirmed': '确认本人',
  'second_factor.offered': '取动态验证的密钥',
  'second_factor.taken': '开启动态验证',
  'second_factor.dropped': '关闭动态验证',
  'audit.exported': '导出操作日志',
}

export const actName = (act: string) => ACTS[act] ?? act

/** What acts can be about; with the point at the end the log finds all that begin so. */
export const ACT_GROUPS: readonly (readonly [string, string])[] = [
  ['staff.', '人员'],
  ['session.', '登录'],
  ['second_factor.', '动态验证'],
  ['bank.', '题库'],
  ['question.', '题目'],
  ['import.', '导入'],
  ['media.', '图片'],
  ['audit.', '日志'],
]
